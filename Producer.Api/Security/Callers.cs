using System.Security.Cryptography;
using Producer.Api.Keys;

namespace Producer.Api.Security;

/// <summary>Who has a key: a stored one, or that of <c>Api:Key</c>. No database is asked. For any thread.</summary>
internal sealed class Callers(CallerKey first, MetricsKey metrics, KnownKeys stored)
{
    private const string BearerPrefix = "Bearer ";

    /// <summary>Whether callers are asked for a key; else, in Development alone, everybody is let in.</summary>
    public bool AreAsked => first.IsSet;

    /// <summary>Whether a request is of somebody who may know how the system stands: who sees the mails of all.</summary>
    public bool SeesTheSystem(HttpRequest request) => Of(request).Caller is { OnlyOf: null };

    /// <summary>Whether it may read the metrics: by the key for them, or as who sees the mails of all.</summary>
    public bool ReadsMetrics(HttpRequest request)
    {
        if (SeesTheSystem(request))
            return true;
        if (Presented(request) is not { } presented)
            return false;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        KeySecret.Hash(presented, hash);
        return metrics.HasHash(hash);
    }

    /// <summary>Who makes a request, by the key that it presents; where it presents none, no match either.</summary>
    public (KeyMatch? Match, Caller? Caller) Of(HttpRequest request)
    {
        var presented = Presented(request);
        // What has the form of a stored key is meant as one, also where everybody is let in.
        if (!AreAsked && (presented is null || !KeySecret.HasForm(presented)))
            return (KeyMatch.Valid, Caller.Anonymous);
        if (presented is null)
            return (null, null);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        KeyHashes.Write(request, presented, hash);
        return Find(PrefixOf(presented), hash);
    }

    /// <summary>Who has the key that was presented.</summary>
    public (KeyMatch Match, Caller? Caller) Find(string presented)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        KeySecret.Hash(presented, hash);
        return Find(PrefixOf(presented), hash);
    }

    /// <summary>Who has a key, by what a session has of it.</summary>
    /// <param name="prefix">The part of a stored key's secret that tells which one it is; empty for another.</param>
    /// <param name="hash">SHA-256 of the key.</param>
    public (KeyMatch Match, Caller? Caller) Find(ReadOnlySpan<char> prefix, ReadOnlySpan<byte> hash)
    {
        var (match, caller) = prefix.IsEmpty ? (KeyMatch.Unknown, null) : stored.Find(prefix, hash);
        return caller is null && first.HasHash(hash) ? (KeyMatch.Valid, Caller.KeyHolder) : (match, caller);
    }

    private static ReadOnlySpan<char> PrefixOf(string presented) => KeySecret.HasForm(presented) ? KeySecret.PrefixOf(presented) : default;

    private static string? Presented(HttpRequest request)
    {
        if (request.Headers.TryGetValue(ApiKeyAuthentication.HeaderName, out var key))
            return key.ToString();

        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase) ? authorization[BearerPrefix.Length..].Trim() : null;
    }
}
