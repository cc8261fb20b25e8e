using System.Security.Cryptography;
using Producer.Api.Keys;

namespace Producer.Api.Security;

/// <summary>Who has a key: a stored one, or that of <c>Api:Key</c>. No database is asked. For any thread.</summary>
internal sealed class Callers(CallerKey first, KnownKeys stored)
{
    /// <summary>Whether callers are asked for a key; else, in Development alone, everybody is let in.</summary>
    public bool AreAsked => first.IsSet;

    /// <summary>Who has the key that was presented.</summary>
    public (KeyMatch Match, Caller? Caller) Find(string presented)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        KeySecret.Hash(presented, hash);
        return Find(KeySecret.HasForm(presented) ? KeySecret.PrefixOf(presented) : default, hash);
    }

    /// <summary>The same by what a session has of a key.</summary>
    /// <param name="prefix">The part of a stored key's secret that tells which one it is; empty for another.</param>
    /// <param name="hash">SHA-256 of the key.</param>
    public (KeyMatch Match, Caller? Caller) Find(ReadOnlySpan<char> prefix, ReadOnlySpan<byte> hash)
    {
        var (match, caller) = prefix.IsEmpty ? (KeyMatch.Unknown, null) : stored.Find(prefix, hash);
        return caller is null && first.HasHash(hash) ? (KeyMatch.Valid, Caller.KeyHolder) : (match, caller);
    }
}
