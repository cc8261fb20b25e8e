using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Persistence.Keys;

namespace Producer.Api.Keys;

/// <summary>
/// The secret of a stored key: <c>mk_</c>, eight characters that tell which one it is, and 256 random bits. Only its SHA-256 is stored: of
/// so many random bits a slow hash protects no better.
/// </summary>
internal static class KeySecret
{
    /// <summary>How many characters a secret has.</summary>
    public const int Length = PrefixLength + 1 + SecretLength;

    private const string Mark = "mk_";
    private const int PrefixLength = 11;
    private const int SecretLength = 43;
    private const int RandomBytes = 32;
    private const string Letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

    /// <summary>A new one, and what is stored of it.</summary>
    public static (string Secret, SecretHash Hash) Make()
    {
        var prefix = Mark + RandomNumberGenerator.GetString(Letters, PrefixLength - Mark.Length);
        var secret = $"{prefix}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes))}";
        var hash = new byte[SHA256.HashSizeInBytes];
        Hash(secret, hash);
        return (secret, new SecretHash(prefix, hash));
    }

    /// <summary>Whether a text has the form of one: else it is not the secret of any stored key, whichever there are.</summary>
    public static bool HasForm(string text) => text.Length == Length && text.StartsWith(Mark, StringComparison.Ordinal) && text[PrefixLength] == '_';

    /// <summary>The part of a secret that tells which one it is.</summary>
    public static ReadOnlySpan<char> PrefixOf(string secret) => secret.AsSpan(0, PrefixLength);

    /// <summary>SHA-256 of a text in UTF-8.</summary>
    public static void Hash(string text, Span<byte> hash)
    {
        const int most = 512;
        var size = Encoding.UTF8.GetMaxByteCount(text.Length);
        var bytes = size <= most ? stackalloc byte[most] : new byte[size];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(text, bytes)], hash);
    }
}
