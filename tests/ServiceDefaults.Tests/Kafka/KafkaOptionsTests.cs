using Confluent.Kafka;
using Contracts;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using ServiceDefaults.Configuration;
using ServiceDefaults.Kafka;
using Shouldly;

namespace ServiceDefaults.Tests.Kafka;

/// <summary>What section <c>Kafka</c> takes, and what becomes of it.</summary>
public sealed class KafkaOptionsTests
{
    private string _file = null!;

    [SetUp]
    public void MakeFile()
    {
        _file = Path.GetTempFileName();
        File.WriteAllText(_file, "hush\n");
    }

    [TearDown]
    public void DeleteFile() => File.Delete(_file);

    [TestCase("Kafka:CaLocation", "CaLocation=FILE", "together with Kafka:UseTls=true")]
    [TestCase("Kafka:CaLocation", "CaLocation=/nowhere/ca.pem UseTls=true", "there is no such file")]
    [TestCase("Kafka:KeyLocation", "CertificateLocation=FILE UseTls=true", "both Kafka:CertificateLocation and Kafka:KeyLocation")]
    [TestCase("Kafka:CertificateLocation", "KeyLocation=FILE UseTls=true", "both Kafka:CertificateLocation and Kafka:KeyLocation")]
    [TestCase("Kafka:KeyPassword", "KeyPassword=x", "together with Kafka:KeyLocation")]
    [TestCase("Kafka:Password", "Password=x", "set together with Kafka:SaslMechanism")]
    [TestCase("Kafka:Password", "PasswordFile=FILE", "set together with Kafka:SaslMechanism")]
    [TestCase("Kafka:Password", "SaslMechanism=Plain Username=u", "since Kafka:SaslMechanism is Plain")]
    [TestCase("Kafka:Password", "SaslMechanism=Plain Username=u Password=", "since Kafka:SaslMechanism is Plain")]
    [TestCase("Kafka:Username", "SaslMechanism=ScramSha512 Password=x", "since Kafka:SaslMechanism is ScramSha512")]
    [TestCase("Kafka:PasswordFile", "SaslMechanism=Plain Username=u PasswordFile=FILE Password=x", "one of Kafka:Password and Kafka:PasswordFile")]
    [TestCase("Kafka:PasswordFile", "SaslMechanism=Plain Username=u PasswordFile=/nowhere/p", "there is no such file")]
    [TestCase("Kafka:SaslMechanism", "SaslMechanism=Digest", "allowed: Gssapi, Plain, ScramSha256, ScramSha512, OAuthBearer")]
    [TestCase("Kafka:OAuthTokenEndpoint", "SaslMechanism=OAuthBearer OAuthClientId=i OAuthClientSecret=s", "since Kafka:SaslMechanism is OAuthBearer")]
    [TestCase("Kafka:OAuthTokenEndpoint", "SaslMechanism=OAuthBearer OAuthClientId=i OAuthClientSecret=s OAuthTokenEndpoint=idp", "an http or https address")]
    [TestCase("Kafka:OAuthScope", "OAuthScope=mail", "at OAuthBearer")]
    [TestCase("Kafka:KerberosKeytab", "SaslMechanism=Gssapi KerberosPrincipal=p KerberosKeytab=/nowhere/k", "there is no such file")]
    [TestCase("Kafka:TopicPrefix", "TopicPrefix=shop/", "letters, digits, '.', '_' and '-'")]
    [TestCase("Kafka:GroupPrefix", "GroupPrefix=sh\u00f6p", "letters, digits, '.', '_' and '-'")]
    [TestCase("Kafka:Installation", "Installation=a:b", "letters, digits, '.', '_' and '-'")]
    [TestCase("Kafka:Client:no.such.key", "Client:no.such.key=1", "No such configuration property")]
    [TestCase("Kafka:Client:socket.timeout.ms", "Client:socket.timeout.ms=soon", "socket.timeout.ms")]
    [TestCase("Kafka:Client:enable.auto.commit", "Client:enable.auto.commit=true", "what is read once, and what is sent, depends on it")]
    [TestCase("Kafka:Client:acks", "Client:acks=1", "a 202 means that all in-sync replicas have the mail")]
    [TestCase("Kafka:Client:sasl.password", "Client:sasl.password=x", "Kafka:Password sets it")]
    public void What_does_not_go_together_is_one_line_that_names_the_option(string key, string settings, string allowed)
    {
        var error = Should.Throw<OptionsValidationException>(() => Read(settings)).Failures.ShouldHaveSingleItem();

        error.ShouldStartWith($"{key} is ");
        error.ShouldContain(allowed);
        error.ShouldNotContain("\n");
    }

    [Test]
    public void Mutual_TLS_becomes_the_client_s_settings()
    {
        var config = Read("UseTls=true CaLocation=FILE CertificateLocation=FILE KeyLocation=FILE KeyPasswordFile=FILE").ToClientConfig();

        config.ShouldSatisfyAllConditions(
            () => config.SecurityProtocol.ShouldBe(SecurityProtocol.Ssl),
            () => config.SslCaLocation.ShouldBe(_file),
            () => config.SslCertificateLocation.ShouldBe(_file),
            () => config.SslKeyLocation.ShouldBe(_file),
            () => config.SslKeyPassword.ShouldBe("hush"));
    }

    [Test]
    public void Client_credentials_become_librdkafka_s_OIDC_method()
    {
        var config = Read("UseTls=true SaslMechanism=OAuthBearer OAuthTokenEndpoint=https://idp/token OAuthClientId=mail OAuthClientSecretFile=FILE OAuthScope=kafka").ToClientConfig();

        config.ShouldSatisfyAllConditions(
            () => config.SecurityProtocol.ShouldBe(SecurityProtocol.SaslSsl),
            () => config.SaslOauthbearerMethod.ShouldBe(SaslOauthbearerMethod.Oidc),
            () => config.SaslOauthbearerTokenEndpointUrl.ShouldBe("https://idp/token"),
            () => config.SaslOauthbearerClientId.ShouldBe("mail"),
            () => config.SaslOauthbearerClientSecret.ShouldBe("hush"),
            () => config.SaslOauthbearerScope.ShouldBe("kafka"));
    }

    [Test]
    public void Kerberos_becomes_the_client_s_settings()
    {
        var config = Read("SaslMechanism=Gssapi KerberosPrincipal=mail@X KerberosKeytab=FILE KerberosServiceName=brokers").ToClientConfig();

        config.ShouldSatisfyAllConditions(
            () => config.SecurityProtocol.ShouldBe(SecurityProtocol.SaslPlaintext),
            () => config.SaslKerberosPrincipal.ShouldBe("mail@X"),
            () => config.SaslKerberosKeytab.ShouldBe(_file),
            () => config.SaslKerberosServiceName.ShouldBe("brokers"));
    }

    [Test]
    public void The_names_have_their_prefixes()
    {
        var names = MailTopics.Of(Configuration("TopicPrefix=shop. GroupPrefix=shop- Installation=shop"));

        names.ShouldBe(new MailTopics(
            "shop.email.send", "shop-email-send-group", "shop-email-send-delay-group", "shop.email.send.dlt", "shop-email-send-dlt-group")
        { Installation = "shop" });
        names.DelayPrefix.ShouldBe("shop.email.send.delay.");
        names.AllMails.ShouldBe(["shop.email.send", "shop.email.send.bulk"]);
    }

    [TestCase("email.send.bulk", null, "email.send.bulk")]
    [TestCase("email.send", null, "email.send")]
    [TestCase("email.send", "email.send.bulk", "email.send")]
    [TestCase("email.send.delay.1s", "email.send.bulk", "email.send.bulk")]
    [TestCase("email.send.delay.1s", null, "email.send")]
    [TestCase("email.send.delay.1s", "somewhere.else", "email.send")]
    [TestCase(null, null, "email.send")]
    public void A_dead_letter_is_replayed_to_the_topic_of_its_stream(string? topic, string? delayed, string expected) =>
        MailTopics.Default.TopicOf(topic, delayed is null ? [] : [new RecordHeader(HeaderNames.DelayTopic, System.Text.Encoding.UTF8.GetBytes(delayed))]).ShouldBe(expected);

    [TestCase("SSL handshake failed: error:0A00010B:SSL routines::wrong version number", "Kafka:UseTls is true")]
    [TestCase("SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?", "Kafka:UseTls is true")]
    [TestCase("127.0.0.1:9092/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 2ms in state APIVERSION_QUERY)", "set Kafka:UseTls")]
    [TestCase("127.0.0.1:9092/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 2ms in state UP)", "set Kafka:SaslMechanism")]
    [TestCase("SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured", "Kafka:CaLocation")]
    [TestCase("SASL authentication error: Authentication failed: Invalid username or password", "Kafka:Password")]
    [TestCase("SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN", "Kafka:SaslMechanism")]
    public void A_refusal_says_what_it_is_and_names_the_option(string reason, string named) =>
        new KafkaRefusals(new BrokerCertificates(null)).Explain(reason).ShouldNotBeNull().ShouldContain(named);

    [TestCase("Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)")]
    [TestCase("127.0.0.1:9092/1: Disconnected: connection closed by peer: receive 0 after POLLIN (after 600000ms in state UP)")]
    public void What_is_no_refusal_passes(string reason) => new KafkaRefusals(new BrokerCertificates(null)).Explain(reason).ShouldBeNull();

    private KafkaOptions Read(string settings)
    {
        using var services = new ServiceCollection().AddSingleton(Configuration(settings)).AddSection<KafkaOptions>(KafkaOptions.Section).BuildServiceProvider();
        return services.GetRequiredService<IOptions<KafkaOptions>>().Value;
    }

    private IConfiguration Configuration(string settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Split(' ').Select(setting => setting.Replace("FILE", _file, StringComparison.Ordinal).Split('=', 2))
            .Select(pair => KeyValuePair.Create($"{KafkaOptions.Section}:{pair[0]}", (string?)pair[1])))
        .Build();
}
