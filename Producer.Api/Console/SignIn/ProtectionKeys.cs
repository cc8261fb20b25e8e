using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.Options;
using Persistence.Protection;
using Producer.Api.Configuration;
using Producer.Api.Security;

namespace Producer.Api.Console.SignIn;

/// <summary>
/// The keys of cookies and forms in Postgres, so that every instance reads what another wrote, and a restart signs nobody out. Two
/// statements, for which the package that does it by EF would bring ASP.NET's types into the database's model.
/// </summary>
internal sealed class ProtectionKeys(ProtectionKeyStore store) : IXmlRepository
{
    public static void Add(IServiceCollection services)
    {
        services.AddDataProtection().SetApplicationName("Producer.Api console");
        services.AddOptions<KeyManagementOptions>().Configure<ProtectionKeyStore, IOptions<ApiOptions>>((options, store, api) =>
        {
            options.XmlRepository = new ProtectionKeys(store);
            options.XmlEncryptor = new KeyEncryption(SecurityServices.SecretOf(api.Value));
        });
        // It would read the keys at the start, and hold it up for as long as Postgres does not respond. They are read with the first page.
        foreach (var service in services.Where(service => service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Assembly == typeof(KeyManagementOptions).Assembly).ToList())
            services.Remove(service);
    }

    public IReadOnlyCollection<XElement> GetAllElements() => [.. store.List().Select(xml => XElement.Parse(xml))];

    public void StoreElement(XElement element, string friendlyName) => store.Add(friendlyName, element.ToString(SaveOptions.DisableFormatting));
}

/// <summary>
/// Encrypts those keys under the secret of the mail ids, which all instances have: who reads the database alone signs in as nobody. AES-GCM
/// by a key that HKDF derives of it.
/// </summary>
internal sealed class KeyEncryption(string secret) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var plain = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var nonce = RandomNumberGenerator.GetBytes(AesGcm.NonceByteSizes.MaxSize);
        var (cipher, tag) = (new byte[plain.Length], new byte[AesGcm.TagByteSizes.MaxSize]);
        using var aes = Aes(secret);
        aes.Encrypt(nonce, plain, cipher, tag);
        return new EncryptedXmlInfo(new XElement("sealed", Convert.ToBase64String([.. nonce, .. tag, .. cipher])), typeof(KeyDecryption));
    }

    internal static AesGcm Aes(string secret) => new(
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), outputLength: 32, info: "console protection keys"u8.ToArray()), AesGcm.TagByteSizes.MaxSize);
}

/// <summary>Reads what <see cref="KeyEncryption"/> wrote. Under another secret it throws: that key is of no use then, and a new one is made.</summary>
internal sealed class KeyDecryption(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var bytes = Convert.FromBase64String(encryptedElement.Value).AsSpan();
        var nonce = bytes[..AesGcm.NonceByteSizes.MaxSize];
        var tag = bytes.Slice(nonce.Length, AesGcm.TagByteSizes.MaxSize);
        var cipher = bytes[(nonce.Length + tag.Length)..];
        var plain = new byte[cipher.Length];
        using var aes = KeyEncryption.Aes(SecurityServices.SecretOf(services.GetRequiredService<IOptions<ApiOptions>>().Value));
        aes.Decrypt(nonce, cipher, tag, plain);
        return XElement.Parse(Encoding.UTF8.GetString(plain));
    }
}
