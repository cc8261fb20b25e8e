using System.Security.Cryptography;
using Consumer.Worker.Dkim;
using Consumer.Worker.Smtp;
using Contracts;
using MailSink;
using Microsoft.Extensions.Logging.Abstractions;
using MimeKit;
using MimeKit.Cryptography;
using NUnit.Framework;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.OpenSsl;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using Persistence.Mails;
using Shouldly;

namespace Consumer.Worker.Tests.Dkim;

/// <summary>What arrives at the mail server carries a signature that MimeKit's verifier finds good with the public key, whatever the mail holds and however it is sent.</summary>
internal sealed class DkimTests
{
    private static readonly AsymmetricCipherKeyPair Rsa = KeyPair("RSA", new KeyGenerationParameters(new SecureRandom(), 2048));
    private static readonly AsymmetricCipherKeyPair Ed25519 = KeyPair("Ed25519", new Ed25519KeyGenerationParameters(new SecureRandom()));

    private string _folder = null!;

    [SetUp]
    public void SetUp() => _folder = Directory.CreateTempSubdirectory("dkim").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(_folder, recursive: true);

    private static IEnumerable<TestCaseData> Mails()
    {
        foreach (var chunking in new[] { true, false })
        {
            yield return new TestCaseData(chunking, "ann@example.com", new SendEmail { Subject = "plain", Text = "text\r\n.\r\nmore\r\n\r\n\r\n" }).SetArgDisplayNames($"plain, chunking {chunking}");
            yield return new TestCaseData(chunking, "ann@example.com", new SendEmail
            {
                Subject = "Grüße aus Zürich 📬 " + new string('x', 200),
                Text = "Zürich  \r\nends with blanks   ",
                Html = "<p>" + string.Concat(Enumerable.Repeat("Zürich ", 300)) + "</p>",
                Cc = ["Jürgen <jj@example.org>"],
                ReplyTo = ["reply@example.com"],
                Headers = new Dictionary<string, string> { ["List-Unsubscribe"] = "<https://example.com/u>", ["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click" },
                Attachments = [new Attachment { Filename = "Übersicht.bin", Content = Enumerable.Range(0, 5000).Select(number => (byte)number).ToArray() }],
            }).SetArgDisplayNames($"rich, chunking {chunking}");
            yield return new TestCaseData(chunking, "jürgen@example.com", new SendEmail { Subject = "Grüße", Text = "Zürich" }).SetArgDisplayNames($"SMTPUTF8, chunking {chunking}");
        }
    }

    [TestCaseSource(nameof(Mails))]
    public async Task A_mail_of_the_domain_is_signed_by_each_of_its_keys(bool chunking, string sender, SendEmail content)
    {
        var keys = Keys(("rsa", "example.com", "one", Rsa), ("ed", "example.com", "two", Ed25519), ("other", "example.org", "three", Rsa));

        var received = await SendAsync(keys, chunking, content with { From = sender, To = ["bob@example.com"] });

        var signatures = received.Headers.Where(header => header.Id == HeaderId.DkimSignature).ToList();
        signatures.Count.ShouldBe(2);
        var verifier = new DkimVerifier(new KnownKeys(("one", Rsa, "rsa"), ("two", Ed25519, "ed25519")));
        // MimeKit would write headers anew before it looks at them, where they are not given raw; what was sent is what was signed.
        foreach (var header in received.Headers)
            header.SetRawValue(header.RawValue);
        foreach (var signature in signatures)
            (await verifier.VerifyAsync(received, signature)).ShouldBeTrue(signature.Value);
        signatures.ShouldAllBe(signature => signature.Value.Contains("d=example.com", StringComparison.Ordinal));
        foreach (var name in content.Headers.Keys.Concat(["From", "To", "Subject", "Date", "Message-ID"]))
            signatures[0].Value.ShouldContain(name, Case.Insensitive);
    }

    [Test]
    public async Task A_changed_mail_is_not_verified()
    {
        var received = await SendAsync(Keys(("rsa", "example.com", "one", Rsa)), chunking: true, Mail("ann@example.com"));
        received.Subject = "another subject";
        (await new DkimVerifier(new KnownKeys(("one", Rsa, "rsa"))).VerifyAsync(received, received.Headers[received.Headers.IndexOf(HeaderId.DkimSignature)])).ShouldBeFalse();
    }

    [TestCase("ann@news.example.com", true)]
    [TestCase("ann@EXAMPLE.com", true)]
    [TestCase("ann@notexample.com", false)]
    [TestCase("ann@example.net", false)]
    public async Task The_senders_domain_chooses_the_key(string sender, bool signed) =>
        (await SendAsync(Keys(("rsa", "example.com", "one", Rsa)), chunking: true, Mail(sender))).Headers.Contains(HeaderId.DkimSignature).ShouldBe(signed);

    [Test]
    public async Task A_key_in_the_form_of_openssl_genrsa_is_read_too()
    {
        using var rsa = RSA.Create(2048);
        foreach (var pem in new[] { rsa.ExportPkcs8PrivateKeyPem(), rsa.ExportRSAPrivateKeyPem() })
        {
            var file = Path.Combine(_folder, "key.pem");
            await File.WriteAllTextAsync(file, pem);
            DkimKey.ReadAll(Options("a", "example.com", "one", file)).ShouldHaveSingleItem().Problem.ShouldBeNull();
        }
    }

    [TestCase("example.com", "one", "", "Keys:shop", "KeyFile is missing")]
    [TestCase("example.com", "one", "none.pem", "Keys:shop:KeyFile", "there is no such file")]
    [TestCase("example.com", "one", "garbage.pem", "Keys:shop:KeyFile", "it holds no private key")]
    [TestCase("example.com", "one", "public.pem", "Keys:shop:KeyFile", "it holds no private key")]
    [TestCase("example.com", "one", "short.pem", "Keys:shop:KeyFile", "it has 512 bits")]
    [TestCase("exa mple.com", "one", "good.pem", "Keys:shop:Domain", "a domain as DNS has it")]
    [TestCase("example.com", "o/ne", "good.pem", "Keys:shop:Selector", "what stands before ._domainkey in DNS")]
    public void A_wrong_key_is_named_with_its_option_and_the_fix(string domain, string selector, string file, string option, string problem)
    {
        using var rsa = RSA.Create(2048);
        File.WriteAllText(Path.Combine(_folder, "good.pem"), rsa.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(_folder, "public.pem"), rsa.ExportSubjectPublicKeyInfoPem());
        File.WriteAllText(Path.Combine(_folder, "garbage.pem"), "secret text");
        using var shortRsa = RSA.Create(512);
        File.WriteAllText(Path.Combine(_folder, "short.pem"), shortRsa.ExportPkcs8PrivateKeyPem());

        var read = DkimKey.ReadAll(Options("shop", domain, selector, file.Length == 0 ? "" : Path.Combine(_folder, file))).ShouldHaveSingleItem();

        read.Option.ShouldBe(option);
        read.Problem.ShouldNotBeNull().ShouldContain(problem);
        read.Problem.ShouldNotContain("secret");
    }

    private static SendEmail Mail(string sender) => new() { From = sender, To = ["bob@example.com"], Subject = "subject", Text = "text" };

    private static Dictionary<string, string> Options(string name, string domain, string selector, string file) =>
        new() { [$"{name}:Domain"] = domain, [$"{name}:Selector"] = selector, [$"{name}:KeyFile"] = file };

    private DkimKeys Keys(params (string Name, string Domain, string Selector, AsymmetricCipherKeyPair Pair)[] keys) => new(keys.SelectMany(key =>
    {
        var file = Path.Combine(_folder, key.Name + ".pem");
        using (var writer = new PemWriter(new StreamWriter(file)))
            writer.WriteObject(new Pkcs8Generator(key.Pair.Private).Generate());
        var read = DkimKey.ReadAll(Options(key.Name, key.Domain, key.Selector, file)).ShouldHaveSingleItem();
        read.Problem.ShouldBeNull();
        return new[] { read.Key! };
    }));

    private static async Task<MimeMessage> SendAsync(DkimKeys keys, bool chunking, SendEmail content)
    {
        await using var sink = SmtpSink.StartOnFreePort();
        var options = new SmtpOptions { Host = "127.0.0.1", Port = sink.Port, Chunking = chunking };
        await using var pool = new SmtpConnectionPool(Microsoft.Extensions.Options.Options.Create(options), new SmtpAvailability(TimeProvider.System), TimeProvider.System);
        var sender = new SmtpSender(pool, NullLogger<SmtpSender>.Instance);
        using var mail = keys.Signed(MailComposer.Compose(content, "id@example.com", DateTimeOffset.UnixEpoch));
        // Twice, as after a first try that failed: the second has no signature of the first.
        for (var i = 0; i < 2; i++)
            (await sender.SendAsync(mail, ["bob@example.com"], () => { }, CancellationToken.None)).Recipients.ShouldHaveSingleItem().Outcome.ShouldBe(RecipientOutcome.Accepted);
        return sink.Mails.All()[0].Parse();
    }

    private static AsymmetricCipherKeyPair KeyPair(string algorithm, KeyGenerationParameters parameters)
    {
        var generator = GeneratorUtilities.GetKeyPairGenerator(algorithm);
        generator.Init(parameters);
        return generator.GenerateKeyPair();
    }

    /// <summary>What DNS would have.</summary>
    private sealed class KnownKeys(params (string Selector, AsymmetricCipherKeyPair Pair, string Kind)[] keys) : DkimPublicKeyLocatorBase
    {
        public override AsymmetricKeyParameter LocatePublicKey(string methods, string domain, string selector, CancellationToken cancellationToken = default)
        {
            var (_, pair, kind) = keys.Single(key => key.Selector == selector);
            var bytes = pair.Public is Ed25519PublicKeyParameters ed25519 ? ed25519.GetEncoded() : SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(pair.Public).GetEncoded();
            return GetPublicKey($"v=DKIM1; k={kind}; p={Convert.ToBase64String(bytes)}");
        }

        public override Task<AsymmetricKeyParameter> LocatePublicKeyAsync(string methods, string domain, string selector, CancellationToken cancellationToken = default) =>
            Task.FromResult(LocatePublicKey(methods, domain, selector, cancellationToken));
    }
}
