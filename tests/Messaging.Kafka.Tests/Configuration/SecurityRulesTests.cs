using Confluent.Kafka;
using Messaging.Kafka.Configuration;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Configuration;

public class SecurityRulesTests
{
    [Test]
    public void Nothing_is_refused_that_goes_together()
    {
        Problems(_ => { }).ShouldBeEmpty();
        Problems(Login(SecurityProtocol.SaslPlaintext), sasl: true).ShouldBeEmpty();
        Problems(Login(SecurityProtocol.SaslSsl), sasl: true, ssl: true).ShouldBeEmpty();
        Problems(Login(SecurityProtocol.SaslSsl), sasl: true).ShouldBeEmpty();
        Problems(config => config.SecurityProtocol = SecurityProtocol.Ssl, ssl: true).ShouldBeEmpty();
        Problems(Tokens, sasl: true, refreshesTokens: true).ShouldBeEmpty();
    }

    [Test]
    public void A_host_without_servers_is_refused() =>
        Problem(config => config.BootstrapServers = "").ShouldBe("Host is missing: name the bootstrap servers, as in Host(\"localhost:9092\")");

    [Test]
    public void SASL_without_a_mechanism_is_refused() =>
        Problem(config => config.SecurityProtocol = SecurityProtocol.SaslPlaintext, sasl: true).ShouldContain("set Plain, ScramSha256");

    [TestCase("", "secret")]
    [TestCase("user", "")]
    public void A_login_without_user_or_password_is_refused(string user, string password) => Problem(
        config =>
        {
            Login(SecurityProtocol.SaslPlaintext)(config);
            (config.SaslUsername, config.SaslPassword) = (user, password);
        }, sasl: true).ShouldContain("Plain needs both");

    [Test]
    public void A_protocol_without_login_is_refused_where_SASL_is_used() =>
        Problems(Login(SecurityProtocol.Ssl), sasl: true)[0].ShouldContain("nobody would log in");

    [Test]
    public void A_protocol_without_encryption_is_refused_where_TLS_is_used() =>
        Problem(Login(SecurityProtocol.SaslPlaintext), sasl: true, ssl: true).ShouldContain("nothing would be encrypted");

    [Test]
    public void A_mechanism_that_no_protocol_uses_is_refused() =>
        Problem(config => config.SaslMechanism = SaslMechanism.Plain).ShouldContain("configure SASL by UseSasl");

    [Test]
    public void A_certificate_authority_that_no_protocol_uses_is_refused() =>
        Problem(config => config.SslCaPem = "pem").ShouldBe("SslCaPem is set, but the protocol is Plaintext: configure TLS by UseSsl, or take it off");

    [Test]
    public void OAUTHBEARER_without_anybody_who_fetches_tokens_is_refused() => Problem(Tokens, sasl: true).ShouldContain("OAuthBearerTokenRefreshHandler");

    [Test]
    public void A_token_handler_that_would_never_be_called_is_refused() =>
        Problem(Login(SecurityProtocol.SaslPlaintext), sasl: true, refreshesTokens: true).ShouldContain("would never be called");

    [Test]
    public void A_certificate_without_its_key_is_refused() => Problem(
        config =>
        {
            config.SecurityProtocol = SecurityProtocol.Ssl;
            config.SslCertificatePem = "pem";
        }, ssl: true).ShouldContain("a client certificate needs both");

    [Test]
    public void A_key_store_beside_a_certificate_is_refused() => Problems(
        config =>
        {
            config.SecurityProtocol = SecurityProtocol.Ssl;
            (config.SslCertificatePem, config.SslKeyPem, config.SslKeystoreLocation) = ("pem", "pem", "store.p12");
        }, ssl: true).ShouldContain(problem => problem.Contains("keep one of the two ways", StringComparison.Ordinal));

    [Test]
    public void A_file_that_is_not_there_is_refused_by_its_name() => Problem(
        config =>
        {
            config.SecurityProtocol = SecurityProtocol.Ssl;
            config.SslCaLocation = "/no/such/ca.pem";
        }, ssl: true).ShouldBe("UseSsl.CaLocation is /no/such/ca.pem, and there is no such file or directory");

    private static void Tokens(ClientConfig config) => (config.SecurityProtocol, config.SaslMechanism) = (SecurityProtocol.SaslPlaintext, SaslMechanism.OAuthBearer);

    private static Action<ClientConfig> Login(SecurityProtocol protocol) => config =>
        (config.SecurityProtocol, config.SaslMechanism, config.SaslUsername, config.SaslPassword) = (protocol, SaslMechanism.Plain, "user", "secret");

    private static string Problem(Action<ClientConfig> configure, bool sasl = false, bool ssl = false, bool refreshesTokens = false) =>
        Problems(configure, sasl, ssl, refreshesTokens).ShouldHaveSingleItem();

    private static List<string> Problems(Action<ClientConfig> configure, bool sasl = false, bool ssl = false, bool refreshesTokens = false)
    {
        var config = new ClientConfig { BootstrapServers = "localhost:9092" };
        configure(config);
        return [.. SecurityRules.Validate(config, sasl, ssl, refreshesTokens).Select(problem => $"{problem.Key} {problem.Message}")];
    }
}
