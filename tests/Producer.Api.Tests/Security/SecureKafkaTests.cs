using Confluent.Kafka.Admin;

namespace Producer.Api.Tests.Security;

/// <summary>The service with a Kafka that has TLS, logins and ACLs.</summary>
[NonParallelizable]
public class SecureKafkaTests
{
    private const string Mail = """{"from":"a@example.com","to":["b@example.com"],"subject":"s","text":"t"}""";
    private const string User = "api";

    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(2);

    private SecureKafka _kafka = null!;

    [OneTimeSetUp]
    public async Task StartKafka() => _kafka = await SecureKafka.StartAsync();

    [OneTimeTearDown]
    public async Task StopKafka()
    {
        if (_kafka is not null)
            await _kafka.DisposeAsync();
    }

    [TestCase(SecurePort.Login, "UseTls=true SaslMechanism=Plain Username=mail Password=wrong CaLocation=AUTHORITY", "the brokers refuse the login: check Kafka:Username and Kafka:Password")]
    [TestCase(SecurePort.Login, "UseTls=true SaslMechanism=ScramSha256 Username=mail Password=x CaLocation=AUTHORITY", "Kafka:SaslMechanism")]
    [TestCase(SecurePort.Login, "UseTls=true CaLocation=AUTHORITY", "set Kafka:SaslMechanism")]
    [TestCase(SecurePort.PlainLogin, "", "set Kafka:SaslMechanism")]
    [TestCase(SecurePort.Login, "SaslMechanism=Plain Username=mail Password=mail-secret", "set Kafka:UseTls")]
    [TestCase(SecurePort.Login, "UseTls=true SaslMechanism=Plain Username=mail Password=mail-secret", "is of an authority that is not trusted")]
    [TestCase(SecurePort.Expired, "UseTls=true CaLocation=AUTHORITY", "has expired")]
    [TestCase(SecurePort.OtherHost, "UseTls=true CaLocation=AUTHORITY", "is for another host than 127.0.0.1")]
    [TestCase(SecurePort.Admin, "UseTls=true CaLocation=AUTHORITY", "the broker's port does not speak TLS: Kafka:UseTls is true")]
    [TestCase(SecurePort.Mutual, "UseTls=true CaLocation=AUTHORITY", "set Kafka:CertificateLocation and Kafka:KeyLocation")]
    public async Task What_the_brokers_refuse_is_named_in_health_with_the_option(SecurePort port, string settings, string named)
    {
        await using var api = await StartAsync(port, settings);

        await Eventually.Value(
            async () => await (await api.GetAsync("/health/ready")).Content.ReadAsStringAsync(), body => body.Contains(named, StringComparison.Ordinal), Soon, $"health says {named}");
    }

    [Test]
    public async Task A_client_certificate_is_a_login()
    {
        var (certificate, key) = _kafka.Certificates.Sign("mutual");
        await AllowAsync("CN=mutual");
        await using var api = await StartAsync(
            SecurePort.Mutual, $"UseTls=true CaLocation=AUTHORITY CertificateLocation={_kafka.Write("client.pem", certificate)} KeyLocation={_kafka.Write("client.key", key)}");

        await AcceptedAsync(api);
    }

    [Test]
    public async Task A_password_that_changes_needs_no_restart()
    {
        await _kafka.SetPasswordAsync("rotating", "first");
        await AllowAsync("rotating");
        var file = _kafka.Write("password", "first\n");
        await using var api = await StartAsync(SecurePort.Login, $"UseTls=true CaLocation=AUTHORITY SaslMechanism=ScramSha512 Username=rotating PasswordFile={file}");
        await AcceptedAsync(api);

        await _kafka.SetPasswordAsync("rotating", "second");
        await _kafka.RestartAsync();
        await Eventually.Value(
            async () => await (await api.GetAsync("/health/ready")).Content.ReadAsStringAsync(), body => body.Contains("Kafka:PasswordFile", StringComparison.Ordinal), Soon, "the login is refused");
        _kafka.Write("password", "second\n");

        await AcceptedAsync(api);
    }

    /// <summary>docs/operations.md, "What Kafka must allow".</summary>
    [TestCase("", "")]
    [TestCase("shop.", "shop-")]
    public async Task The_documented_ACLs_suffice_and_what_is_taken_away_is_named_and_heals_when_it_is_granted(string topics, string groups)
    {
        var user = $"{User}{topics}";
        await _kafka.SetPasswordAsync(user, "secret");
        await AllowAsync(user, topics, groups);
        await using var api = await StartAsync(
            SecurePort.Login, $"UseTls=true CaLocation=AUTHORITY SaslMechanism=ScramSha512 Username={user} Password=secret TopicPrefix={topics} GroupPrefix={groups}");
        await AcceptedAsync(api);
        await HasLagAsync(api, $"{groups}email-send-group");

        await _kafka.DenyAsync(user, ResourceType.Topic, $"{topics}email.send", prefixed: false, AclOperation.Write);
        await Eventually.Value(() => api.PostAsync("/emails", Mail), response => (int)response.StatusCode == 503, Soon, "a post is refused");
        await (await api.PostAsync("/emails", Mail)).ProblemAsync(503, "not_accepted");

        await _kafka.DenyAsync(user, ResourceType.Group, $"{groups}email-send-", prefixed: true, AclOperation.Describe);
        await Eventually.Value(
            async () => (await (await api.GetAsync("/stats")).JsonAsync()).GetProperty("missing").ToString(),
            missing => missing.Contains($"the brokers deny DESCRIBE on group {groups}email-send-group", StringComparison.Ordinal), Soon, "/stats names what is refused");

        await AllowAsync(user, topics, groups);
        await AcceptedAsync(api);
        await HasLagAsync(api, $"{groups}email-send-group");
    }

    private static async Task HasLagAsync(ApiHost api, string group) => await Eventually.Value(
        async () => await (await api.GetAsync("/stats")).JsonAsync(),
        stats => stats.TryGetProperty("unread", out var unread) && unread.GetProperty("group").GetString() == group, Soon, $"/stats has the lag of {group}");

    private static async Task AcceptedAsync(ApiHost api) =>
        await Eventually.Value(() => api.PostAsync("/emails", Mail), response => (int)response.StatusCode == 202, Soon, "a mail is accepted");

    private async Task AllowAsync(string user, string topics = "", string groups = "")
    {
        await _kafka.AllowAsync(user, ResourceType.Topic, $"{topics}email.send", prefixed: false, AclOperation.Write, AclOperation.Describe, AclOperation.DescribeConfigs, AclOperation.Create);
        await _kafka.AllowAsync(user, ResourceType.Topic, $"{topics}email.send.bulk", prefixed: false, AclOperation.Write, AclOperation.Describe, AclOperation.DescribeConfigs, AclOperation.Create);
        await _kafka.AllowAsync(user, ResourceType.Topic, $"{topics}email.send.", prefixed: true, AclOperation.Describe);
        await _kafka.AllowAsync(user, ResourceType.Group, $"{groups}email-send-", prefixed: true, AclOperation.Describe);
    }

    private Task<ApiHost> StartAsync(SecurePort port, string settings) => ApiHost.StartWithKafkaAsync(
    [
        ("Kafka:BootstrapServers", _kafka.Servers(port)),
        .. settings.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(setting => setting.Replace("AUTHORITY", _kafka.AuthorityFile, StringComparison.Ordinal).Split('=', 2))
            .Select(setting => ($"Kafka:{setting[0]}", setting[1])),
    ]);
}
