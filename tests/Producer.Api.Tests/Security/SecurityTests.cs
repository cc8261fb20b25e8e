using System.Net;

namespace Producer.Api.Tests.Security;

public class SecurityTests
{
    private const string Key = "0123456789abcdef-the-key";
    private const string MetricsKey = "0123456789abcdef-the-metrics-key";
    private const string Mail = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t"}""";

    private ApiHost _api = null!;

    [OneTimeSetUp]
    public async Task Start() => _api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", Key), ("Api:MetricsKey", MetricsKey));

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [TestCase("X-Api-Key", Key)]
    [TestCase("Authorization", "Bearer " + Key)]
    [TestCase("Authorization", "bearer " + Key)]
    public async Task Who_has_the_key_is_let_in(string header, string value) =>
        (await _api.PostAsync("/emails", Mail, (header, value))).StatusCode.ShouldBe(HttpStatusCode.Accepted);

    [TestCase("X-Api-Key", "")]
    [TestCase("X-Api-Key", Key + "x")]
    [TestCase("X-Api-Key", "0123456789abcdef")]
    [TestCase("Authorization", "Basic " + Key)]
    [TestCase("X-Other", Key)]
    public async Task Who_has_not_is_refused(string header, string value)
    {
        var response = await _api.PostAsync("/emails", Mail, (header, value));

        await response.ProblemAsync(401, "unauthorized");
        response.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
        _api.Queue.Mails.ShouldNotContain(mail => mail.Mail.Subject == "refused");
    }

    [TestCase("/emails/0190b0a0-0000-7000-8000-000000000000")]
    [TestCase("/failures")]
    [TestCase("/nowhere")]
    public async Task Everything_else_is_closed(string path) =>
        await (await _api.GetAsync(path)).ProblemAsync(401, "unauthorized");

    [TestCase("/health/live")]
    [TestCase("/health/ready")]
    [TestCase("/openapi/v1.json")]
    [TestCase("/scalar/")]
    public async Task Health_and_description_are_open(string path) =>
        (await _api.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK);

    [Test]
    public async Task Metrics_are_read_with_a_key_of_their_own_that_opens_nothing_else_or_by_who_sees_the_mails_of_all()
    {
        await (await _api.GetAsync("/metrics")).ProblemAsync(401, "unauthorized");
        await (await _api.GetAsync("/metrics", ("X-Api-Key", $"{MetricsKey}x"))).ProblemAsync(401, "unauthorized");
        (await _api.GetAsync("/metrics", ("Authorization", $"Bearer {MetricsKey}"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _api.GetAsync("/metrics", ("X-Api-Key", Key))).StatusCode.ShouldBe(HttpStatusCode.OK);

        await (await _api.GetAsync("/emails", ("X-Api-Key", MetricsKey))).ProblemAsync(401, "unauthorized");
    }

    [Test]
    public async Task Metrics_tell_no_connection_string()
    {
        var database = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("told");
        await using var api = await ApiHost.StartOnAsync($"{database};Application Name=the API's own");
        (await api.GetAsync("/emails")).EnsureSuccessStatusCode();

        var metrics = await (await api.GetAsync("/metrics")).Content.ReadAsStringAsync();
        metrics.ShouldContain("db_client_connection_pool_name=\"the API's own\"");
        metrics.ShouldNotContain(new Npgsql.NpgsqlConnectionStringBuilder(database).Database.ShouldNotBeNull());
    }

    [Test]
    public async Task Why_a_dependency_is_not_well_is_told_to_who_sees_the_mails_of_all_and_not_to_strangers()
    {
        await using var api = await ApiHost.StartAsync(("environment", "Production"), ("Api:Key", Key), ("Database:ConnectionString", ApiHost.NoPostgres));

        Reason(await (await api.GetAsync("/health/ready")).JsonAsync()).ShouldBeNull();
        Reason(await (await api.GetAsync("/health/ready", ("X-Api-Key", Key))).JsonAsync()).ShouldNotBeNull().ShouldContain("Postgres is not available");

        static string? Reason(System.Text.Json.JsonElement report)
        {
            report.GetProperty("status").GetString().ShouldBe("degraded");
            return report.GetProperty("dependencies").EnumerateArray().Single(dependency => dependency.GetProperty("name").GetString() == "postgres")
                .TryGetProperty("reason", out var reason) ? reason.GetString() : null;
        }
    }
}
