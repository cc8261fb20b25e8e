using System.Collections.Frozen;
using System.Security.Cryptography;
using Persistence;
using Persistence.Keys;
using Producer.Api.Security;

namespace Producer.Api.Keys;

/// <summary>What a secret opens.</summary>
internal enum KeyMatch
{
    /// <summary>The key, which is valid.</summary>
    Valid,

    /// <summary>No key at all.</summary>
    Unknown,

    /// <summary>Nobody knows: the keys have not been read yet.</summary>
    NotRead,

    /// <summary>A key that was revoked.</summary>
    Revoked,

    /// <summary>A key whose end date is past.</summary>
    Expired,

    /// <summary>A key that got another secret, whose overlap is over.</summary>
    Replaced,
}

/// <summary>
/// The stored keys as this instance knows them: read every few seconds, and as they were while Postgres is away, so that a request needs
/// no database to be let in. For any thread.
/// </summary>
internal sealed class KnownKeys(KeyStore store, TimeProvider timeProvider) : IDisposable
{
    private readonly SemaphoreSlim _reading = new(1);
    private volatile Snapshot _known = new(FrozenDictionary<Guid, KnownKey>.Empty, IsRead: false, Secrets([]));

    /// <summary>The ids of all of them, also of those that are revoked.</summary>
    public IEnumerable<Guid> Ids => _known.Keys.Keys;

    /// <summary>Finds out whose a secret is.</summary>
    /// <param name="prefix">The part of it that tells which one it is.</param>
    /// <param name="hash">SHA-256 of it.</param>
    public (KeyMatch Match, Caller? Caller) Find(ReadOnlySpan<char> prefix, ReadOnlySpan<byte> hash)
    {
        var known = _known;
        if (!known.ByPrefix.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(prefix, out var secret) || !CryptographicOperations.FixedTimeEquals(hash, secret.Hash))
            return (known.IsRead ? KeyMatch.Unknown : KeyMatch.NotRead, null);

        var now = timeProvider.GetUtcNow();
        var key = secret.Key.Key;
        if (key.RevokedAt is not null)
            return (KeyMatch.Revoked, null);
        if (key.ExpiresAt <= now)
            return (KeyMatch.Expired, null);
        if (secret.Until <= now)
            return (KeyMatch.Replaced, null);
        secret.Key.Caller.Use!.Touch(now);
        return (KeyMatch.Valid, secret.Key.Caller);
    }

    /// <summary>Reads the keys. Whoever comes later knows no less than who came before.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var before = _known.Keys;
            var keys = (await store.ListAsync(cancellationToken)).Select(key => Know(key, before.GetValueOrDefault(key.Id))).ToFrozenDictionary(known => known.Key.Id);
            _known = new Snapshot(keys, IsRead: true, Secrets(keys.Values));
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Reads the keys, where Postgres responds: else they are read later.</summary>
    public async Task TryRefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RefreshAsync(cancellationToken);
        }
        catch (Exception exception) when (PostgresErrors.IsPassing(exception))
        {
            // The change that was made is answered all the same: a secret is shown once. KeyRefresh tries again, and logs.
        }
    }

    /// <summary>Writes down when keys were used last.</summary>
    public async Task NoteUsesAsync(CancellationToken cancellationToken)
    {
        var used = _known.Keys.Values.Select(known => (Use: known.Caller.Use!, known.Key.Id, At: known.Caller.Use!.Unnoted())).Where(use => use.At is not null).ToList();
        if (used.Count == 0)
            return;
        await store.MarkUsedAsync([.. used.Select(use => KeyValuePair.Create(use.Id, use.At!.Value))], cancellationToken);
        foreach (var (use, _, at) in used)
            use.Note(at!.Value);
    }

    public void Dispose() => _reading.Dispose();

    /// <summary>Its requests are counted on, unless it has another rate now.</summary>
    private KnownKey Know(ApiKey key, KnownKey? before)
    {
        if (before is not null && before.Key.Rate == key.Rate)
            return new KnownKey(key, Caller.Of(key, before.Caller.Use!));
        var window = key.Rate is { } rate && KeyRate.TryRead(rate) is { } limit ? new RateWindow(limit, timeProvider) : null;
        return new KnownKey(key, Caller.Of(key, before?.Caller.Use!.With(window) ?? new KeyUse(window)));
    }

    private static FrozenDictionary<string, KnownSecret> Secrets(IEnumerable<KnownKey> keys) => keys
        .SelectMany(known => new[]
        {
            new KnownSecret(known.Key.Secret.Prefix, known.Key.Secret.Hash, Until: null, known),
            known.Key.PreviousSecret is { } previous ? new KnownSecret(previous.Prefix, previous.Hash, known.Key.PreviousUntil, known) : null,
        })
        .OfType<KnownSecret>()
        // Of two with one prefix, which is chance in a thousand million million, the later one stands.
        .GroupBy(secret => secret.Prefix, StringComparer.Ordinal)
        .ToFrozenDictionary(group => group.Key, group => group.Last(), StringComparer.Ordinal);

    private sealed record Snapshot(FrozenDictionary<Guid, KnownKey> Keys, bool IsRead, FrozenDictionary<string, KnownSecret> ByPrefix);

    private sealed record KnownKey(ApiKey Key, Caller Caller);

    private sealed record KnownSecret(string Prefix, byte[] Hash, DateTimeOffset? Until, KnownKey Key);
}
