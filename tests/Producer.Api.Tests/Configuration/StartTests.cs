using Microsoft.Extensions.Options;
using Persistence.Schema;
using Producer.Api.Emails;
using ServiceDefaults.Start;

namespace Producer.Api.Tests.Configuration;

public class StartTests
{
    private static readonly (string, string) Database = ("Database:ConnectionString", ApiHost.NoPostgres);

    private static async Task<IReadOnlyList<string>> FailuresOf(params (string, string)[] settings)
    {
        await using var api = ApiHost.Build([Database, .. settings]);
        return [.. (await Should.ThrowAsync<OptionsValidationException>(api.StartServerAsync)).Failures];
    }

    [TestCase("Production")]
    [TestCase("Staging")]
    public async Task Outside_Development_the_service_does_not_start_without_a_key_and_says_how_to_set_one(string environment) =>
        (await FailuresOf(("environment", environment))).ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            failure => failure.ShouldContain("Api:Key"),
            failure => failure.ShouldContain("Api__Key=\"$(openssl rand -hex 32)\""));

    [Test]
    public async Task In_Development_no_key_is_needed()
    {
        await using var api = ApiHost.Build(Database);
        await api.StartServerAsync();
    }

    [Test]
    public async Task Every_wrong_option_is_told_at_once_with_key_value_and_range()
    {
        var failures = await FailuresOf(("Api:Key", "short"), ("Api:MaxMailBytes", "5"), ("Api:AcceptTimeout", "00:30:00"));

        failures.Count.ShouldBe(3);
        failures.ShouldContain(failure => failure.Contains("Api:MaxMailBytes is \"5\"; allowed: 1024 to 100000000", StringComparison.Ordinal));
        failures.ShouldContain(failure => failure.Contains("Api:AcceptTimeout is \"00:30:00\"; allowed: 00:00:01 to 00:05:00", StringComparison.Ordinal));
        failures.ShouldContain(failure => failure.Contains("Api:Key is (hidden)", StringComparison.Ordinal) && failure.Contains("it has 5", StringComparison.Ordinal) && !failure.Contains("short", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_mail_limit_past_what_the_topic_takes_fails_the_start()
    {
        await using var api = ApiHost.Build([Database, ("Api:MaxMailBytes", "1048576")], _ => { }, KafkaQueue.AddKafkaQueue);

        (await Should.ThrowAsync<OptionsValidationException>(api.StartServerAsync)).Message.ShouldContain("at most 1032192 is allowed");
    }

    [Test]
    public async Task Errors_of_several_sections_are_reported_together()
    {
        await using var api = ApiHost.Build(
            [("Database:ConnectionString", ""), ("environment", "Production"), ("Kafka:BootstrapServers", "x")], _ => { }, KafkaQueue.AddKafkaQueue);

        var reasons = StartChecks.Explain(Should.Throw<AggregateException>(api.Services.ValidateOptions)).ShouldNotBeNull();
        foreach (var key in new[] { "Database:ConnectionString", "Api:Key", "Kafka:BootstrapServers" })
            reasons.ShouldContain(reason => reason.Contains(key, StringComparison.Ordinal));
    }

    [Test]
    public async Task A_misspelt_option_fails_the_start()
    {
        await using var api = ApiHost.Build(Database, ("Api:MaxMailBites", "5000"));

        (await Should.ThrowAsync<OptionsValidationException>(api.StartServerAsync)).Message.ShouldContain("Api:MaxMailBites");
    }

    [Test]
    public async Task A_database_of_another_schema_stops_the_start()
    {
        var empty = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("api");
        await using var api = ApiHost.Build(("Database:ConnectionString", empty));

        (await Should.ThrowAsync<SchemaMismatchException>(api.StartServerAsync)).Message.ShouldContain("migrate");
    }
}
