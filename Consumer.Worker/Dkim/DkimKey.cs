using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.OpenSsl;

namespace Consumer.Worker.Dkim;

/// <summary>A key that mails of a domain are signed with.</summary>
/// <param name="Domain">The domain that signs (tag <c>d</c>).</param>
/// <param name="Selector">Under which name the domain's DNS has the public key (tag <c>s</c>).</param>
/// <param name="Key">The private key.</param>
/// <param name="Algorithm">What it signs with (tag <c>a</c>).</param>
internal sealed record DkimKey(string Domain, string Selector, AsymmetricKeyParameter Key, DkimSignatureAlgorithm Algorithm)
{
    // RFC 8301 section 3.2: signers use 1024 bits at least.
    private const int FewestBits = 1024;

    private const string DomainName = "Domain";
    private const string SelectorName = "Selector";
    private const string FileName = "KeyFile";
    private static readonly string[] Parts = [DomainName, SelectorName, FileName];

    /// <summary>Reads the keys as <see cref="DkimOptions.Keys"/> has them.</summary>
    public static IReadOnlyList<DkimKeyRead> ReadAll(IReadOnlyDictionary<string, string> keys) =>
        [.. keys.Select(pair => (Name: pair.Key.Split(':')[0], Part: pair.Key[(pair.Key.IndexOf(':', StringComparison.Ordinal) + 1)..], pair.Value))
            .GroupBy(part => part.Name, StringComparer.OrdinalIgnoreCase)
            .Select(key => Read(key.Key, key.ToDictionary(part => part.Part, part => part.Value, StringComparer.OrdinalIgnoreCase)))];

    private static DkimKeyRead Read(string name, Dictionary<string, string> parts)
    {
        if (parts.Keys.FirstOrDefault(part => !Parts.Contains(part, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            return Wrong(name, unknown, $"allowed: {string.Join(", ", Parts)} under each name. Write such as {DkimOptions.Section}:{nameof(DkimOptions.Keys)}:shop:{DomainName}.");
        if (Parts.FirstOrDefault(part => string.IsNullOrWhiteSpace(parts.GetValueOrDefault(part))) is { } missing)
            return Wrong(name, null, $"allowed: a key with {string.Join(", ", Parts)}, and {missing} is missing. Set {DkimOptions.Section}:{nameof(DkimOptions.Keys)}:{name}:{missing}.");
        var (domain, selector, file) = (parts[DomainName], parts[SelectorName], parts[FileName]);
        if (Uri.CheckHostName(domain) != UriHostNameType.Dns || !System.Text.Ascii.IsValid(domain))
            return Wrong(name, DomainName, "allowed: a domain as DNS has it. Use one such as example.com, or xn--bcher-kva.example.");
        if (Uri.CheckHostName($"{selector}.example") != UriHostNameType.Dns || !System.Text.Ascii.IsValid(selector))
            return Wrong(name, SelectorName, "allowed: what stands before ._domainkey in DNS. Use one such as mail2026.");
        return Load(file, out var key) is { } problem
            ? Wrong(name, FileName, $"allowed: a PEM file with a private key, RSA of {FewestBits} bits or more, or Ed25519, and {problem}. Make one with: openssl genrsa 2048.")
            : new DkimKeyRead(new DkimKey(domain, selector, key!, key is Ed25519PrivateKeyParameters ? DkimSignatureAlgorithm.Ed25519Sha256 : DkimSignatureAlgorithm.RsaSha256), name, null);
    }

    private static DkimKeyRead Wrong(string name, string? part, string problem) =>
        new(null, $"{nameof(DkimOptions.Keys)}:{name}{(part is null ? "" : $":{part}")}", problem);

    /// <summary>Reads a private key.</summary>
    /// <returns>Why it cannot be used, or null.</returns>
    private static string? Load(string file, out AsymmetricKeyParameter? key)
    {
        key = null;
        try
        {
            using var text = new StreamReader(file);
            using var reader = new PemReader(text);
            key = reader.ReadObject() switch
            {
                AsymmetricCipherKeyPair pair => pair.Private,
                AsymmetricKeyParameter { IsPrivate: true } single => single,
                _ => null,
            };
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return "there is no such file";
        }
        // Broad on purpose: whatever a broken file makes of the readers, it is not a key. No word of its content is shown.
        catch (Exception exception)
        {
            return exception is IOException or UnauthorizedAccessException && exception is not PemException ? $"it cannot be read ({exception.Message})" : "it holds no private key that can be read; one with a password cannot";
        }

        return key switch
        {
            null => "it holds no private key",
            RsaKeyParameters { Modulus.BitLength: < FewestBits } rsa => $"it has {rsa.Modulus.BitLength} bits",
            RsaKeyParameters or Ed25519PrivateKeyParameters => null,
            _ => "its key is of another kind",
        };
    }
}

/// <summary>A key that was read, or why it was not.</summary>
/// <param name="Key">The key.</param>
/// <param name="Option">The option that is wrong, within the section.</param>
/// <param name="Problem">What is allowed there, and how to fix it.</param>
internal sealed record DkimKeyRead(DkimKey? Key, string Option, string? Problem);
