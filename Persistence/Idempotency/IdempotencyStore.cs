using Npgsql;
using Persistence.Batching;

namespace Persistence.Idempotency;

/// <summary>
/// Idempotency keys, reserved before the record of what was posted is produced. Table <c>email.idempotency_keys</c>. What many posts ask at
/// once is asked by one statement. Every method throws what Npgsql throws.
/// </summary>
public sealed class IdempotencyStore
{
    private const int BatchLimit = 100;
    private const int BatchesAtOnce = 2;

    // Each round reads a row that another post removed or renewed after the statement before.
    private const int MaxRounds = 10;

    private static readonly TimeSpan TurnTimeout = TimeSpan.FromMilliseconds(4);

    private readonly NpgsqlDataSource _dataSource;
    private readonly GroupCommit<Request, Reservation?> _reserved;
    private readonly GroupCommit<Request, Found?> _explained;
    private readonly GroupCommit<Reservation.Granted, bool> _acknowledged;

    /// <summary>On a database of the current schema.</summary>
    /// <param name="dataSource">Its connections.</param>
    public IdempotencyStore(NpgsqlDataSource dataSource)
    {
        _dataSource = dataSource;
        var turns = new Turns(BatchesAtOnce, TurnTimeout);
        _reserved = new(ReserveAsync, request => request.KeyId, BatchLimit, turns);
        _explained = new(ExplainAsync, request => request.KeyId, BatchLimit, turns);
        _acknowledged = new(AcknowledgeAsync, granted => granted.KeyId, BatchLimit, turns);
    }

    /// <summary>Reserves a key for a content.</summary>
    /// <param name="keyId">The key, and the id of the mail that is posted under it first.</param>
    /// <param name="contentHash">SHA-256 of the content.</param>
    /// <param name="lease">How long this post may be producing.</param>
    /// <param name="lifetime">How long the key is kept.</param>
    /// <param name="newId">The mail id of a key that had expired.</param>
    /// <param name="cancellationToken">Gives up waiting; the key may have been reserved then, and is free again for the same content when the lease is over.</param>
    public async Task<Reservation> ReserveAsync(
        Guid keyId, byte[] contentHash, TimeSpan lease, TimeSpan lifetime, Guid newId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(contentHash);
        var request = new Request(keyId, newId, contentHash, lease, lifetime);
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await _reserved.WriteAsync(request, cancellationToken) is { } granted)
                return granted;
            switch (await _explained.WriteAsync(request, cancellationToken))
            {
                case null:
                    break;
                case { IsExpired: true, IsLeased: false }:
                    if (await RenewAsync(request, cancellationToken) is { } renewed)
                        return renewed;
                    break;
                case { } found when !found.ContentHash.AsSpan().SequenceEqual(contentHash):
                    return new Reservation.OtherContent();
                case { IsAcknowledged: true } found:
                    return new Reservation.Acknowledged(found.MailId);
                case { IsLeased: true }:
                    return new Reservation.InUse();
            }
        }

        return new Reservation.InUse();
    }

    /// <summary>All that was posted is acknowledged by Kafka: from here on a repeated post is told so.</summary>
    /// <param name="granted">The reservation.</param>
    /// <param name="cancellationToken">Gives up waiting; it may have been written then.</param>
    public Task AcknowledgeAsync(Reservation.Granted granted, CancellationToken cancellationToken = default) =>
        _acknowledged.WriteAsync(granted, cancellationToken);

    /// <summary>Nothing was produced: the key is as before this post.</summary>
    /// <param name="granted">The reservation.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task ReleaseAsync(Reservation.Granted granted, CancellationToken cancellationToken = default) =>
        EndAsync(IdempotencySql.Release, granted, cancellationToken);

    /// <summary>What was produced is not known, and nobody is producing any more: the same content may be posted again at once, under the same id.</summary>
    /// <param name="granted">The reservation.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task EndLeaseAsync(Reservation.Granted granted, CancellationToken cancellationToken = default) =>
        EndAsync(IdempotencySql.EndLease, granted, cancellationToken);

    /// <summary>Removes keys that have expired.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many were removed.</returns>
    public async Task<int> SweepAsync(int limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        await using var command = _dataSource.CreateCommand(IdempotencySql.Sweep).With("limit", limit);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<Reservation?>> ReserveAsync(IReadOnlyList<Request> requests)
    {
        // The same for all of a service, whose options they are.
        var (lease, lifetime) = (requests[0].Lease, requests[0].Lifetime);
        await using var command = IdempotencySql.Reserve.Command(_dataSource, command => WithKeys(command, requests)
            .With("new_ids", requests.Select(request => request.NewId).ToArray())
            .With("content_hashes", requests.Select(request => request.ContentHash).ToArray()).With("lease", lease).With("lifetime", lifetime));
        await using var reader = await command.ExecuteReaderAsync();
        var granted = new Dictionary<Guid, Reservation>();
        while (await reader.ReadAsync())
        {
            var (keyId, token) = (reader.Get<Guid>("key_id"), reader.Get<long>("token"));
            granted.Add(keyId, new Reservation.Granted(
                keyId, reader.Get<Guid>("mail_id"), token, reader.Get<DateTimeOffset>("reserved_at"), IsFirst: token == 1, reader.Get<bool>("is_known")));
        }

        await reader.ThrowUnlessCommittedAsync();
        return [.. requests.Select(request => granted.GetValueOrDefault(request.KeyId))];
    }

    private async Task<IReadOnlyList<Found?>> ExplainAsync(IReadOnlyList<Request> requests)
    {
        await using var command = IdempotencySql.Explain.Command(_dataSource, command => WithKeys(command, requests));
        await using var reader = await command.ExecuteReaderAsync();
        var found = new Dictionary<Guid, Found>();
        while (await reader.ReadAsync())
        {
            found.Add(reader.Get<Guid>("key_id"), new Found(
                reader.Get<Guid>("mail_id"), reader.Get<byte[]>("content_hash"), reader.Get<bool>("is_acknowledged"), reader.Get<bool>("is_leased"), reader.Get<bool>("is_expired")));
        }

        return [.. requests.Select(request => found.GetValueOrDefault(request.KeyId))];
    }

    private async Task<IReadOnlyList<bool>> AcknowledgeAsync(IReadOnlyList<Reservation.Granted> granted)
    {
        await using var command = IdempotencySql.Acknowledge.Command(_dataSource, command => command
            .With("key_ids", granted.Select(reservation => reservation.KeyId).ToArray())
            .With("mail_ids", granted.Select(reservation => reservation.MailId).ToArray()));
        await using var reader = await command.ExecuteReaderAsync();
        var acknowledged = new HashSet<Guid>();
        while (await reader.ReadAsync())
            acknowledged.Add(reader.Get<Guid>("key_id"));
        await reader.ThrowUnlessCommittedAsync();
        return [.. granted.Select(reservation => acknowledged.Contains(reservation.KeyId))];
    }

    private async Task<Reservation.Granted?> RenewAsync(Request request, CancellationToken cancellationToken)
    {
        await using var command = _dataSource.CreateCommand(IdempotencySql.Renew)
            .With("key_id", request.KeyId).With("mail_id", request.NewId).With("content_hash", request.ContentHash)
            .With("lease", request.Lease).With("lifetime", request.Lifetime);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var renewed = await reader.ReadAsync(cancellationToken)
            ? new Reservation.Granted(request.KeyId, request.NewId, reader.Get<long>("token"), reader.Get<DateTimeOffset>("reserved_at"), IsFirst: true, IsKnown: false)
            : null;
        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return renewed;
    }

    // What a statement does not name of these is not sent.
    private async Task EndAsync(string sql, Reservation.Granted granted, CancellationToken cancellationToken)
    {
        await using var command = _dataSource.CreateCommand(sql).With("key_id", granted.KeyId).With("token", granted.Token).With("is_first", granted.IsFirst);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlCommand WithKeys(NpgsqlCommand command, IReadOnlyList<Request> requests) =>
        command.With("key_ids", requests.Select(request => request.KeyId).ToArray());

    private sealed record Request(Guid KeyId, Guid NewId, byte[] ContentHash, TimeSpan Lease, TimeSpan Lifetime);

    private sealed record Found(Guid MailId, byte[] ContentHash, bool IsAcknowledged, bool IsLeased, bool IsExpired);
}
