using System.Diagnostics;
using System.Text.Json;
using Confluent.Kafka;
using Contracts;

namespace Producer.Api.Tests.Stats;

public class StatsTests
{
    private const string NoKafka = "127.0.0.1:1";

    /// <summary>Everything that is there answers within it, however slow the machine is.</summary>
    private static readonly (string, string) LongTimeout = ("Api:StatsTimeout", "00:01:00");

    [Test]
    public async Task Mails_by_state_failures_by_status_and_what_waits_in_Kafka_are_counted()
    {
        var kafka = await KafkaFixture.StartAsync();
        foreach (var topic in new[] { Topics.EmailSend, Topics.EmailSendDeadLetter, Topics.EmailSendDelayPrefix + "1s", Topics.EmailSendDelayPrefix + "2s" })
            await EnsureTopicAsync(kafka, topic);
        var postgres = await PostgresFixture.StartAsync();
        await using var api = await ApiHost.StartOnAsync(await postgres.CreateDatabaseAsync("stats"), ("Kafka:BootstrapServers", kafka.BootstrapServers), LongTimeout);
        var store = new Store(api.Services);
        await store.ClaimAsync(Guid.NewGuid());
        await store.FailAsync();
        await store.FailAsync();
        var before = await StatsAsync(api);

        await kafka.Records.ProduceAsync(Topics.EmailSend, "a", "b");
        await kafka.Records.ProduceAsync(Topics.EmailSendDeadLetter, "a", "b");
        await kafka.Records.ProduceAsync(Topics.EmailSendDeadLetter, "a", "b");
        await kafka.Records.ProduceAsync(Topics.EmailSendDelayPrefix + "1s", "a", "b");
        await kafka.Records.ProduceAsync(Topics.EmailSendDelayPrefix + "2s", "a", "b");

        var after = await StatsAsync(api);
        after.GetProperty("complete").GetBoolean().ShouldBeTrue(after.ToString());
        after.GetProperty("missing").GetArrayLength().ShouldBe(0);
        after.GetProperty("mails").EnumerateObject().ToDictionary(state => state.Name, state => state.Value.GetInt64()).ShouldBe(new Dictionary<string, long>
        {
            ["scheduled"] = 0,
            ["queued"] = 0,
            ["sending"] = 1,
            ["sent"] = 0,
            ["dead"] = 2,
            ["canceled"] = 0,
            ["discarded"] = 0,
            ["held"] = 0,
        });
        after.GetProperty("failures").EnumerateObject().ToDictionary(status => status.Name, status => status.Value.GetInt64()).ShouldBe(new Dictionary<string, long>
        {
            ["unresolved"] = 2,
            ["replayed"] = 0,
            ["failed_again"] = 0,
            ["resolved"] = 0,
            ["discarded"] = 0,
        });
        Grown(before, after, "unread").ShouldBe(1);
        Grown(before, after, "dead_letters").ShouldBe(2);
        Grown(before, after, "delayed").ShouldBe(2);
        after.GetProperty("unread").GetProperty("group").GetString().ShouldBe(Groups.EmailSend);
        after.GetProperty("delayed").GetProperty("topics").EnumerateArray().Select(topic => topic.GetProperty("topic").GetString())
            .ShouldBe([Topics.EmailSendDelayPrefix + "1s", Topics.EmailSendDelayPrefix + "2s"]);
    }

    [Test]
    public async Task Committed_records_are_not_unread()
    {
        var kafka = await KafkaFixture.StartAsync();
        await EnsureTopicAsync(kafka, Topics.EmailSendDeadLetter);
        await using var api = await ApiHost.StartAsync(("Kafka:BootstrapServers", kafka.BootstrapServers), LongTimeout);
        var position = await kafka.Records.ProduceAsync(Topics.EmailSendDeadLetter, "a", "b");
        var before = Lag(await StatsAsync(api), "dead_letters");

        Commit(kafka, Groups.EmailSendDeadLetter, new TopicPartitionOffset(position.TopicPartition, position.Offset + 1));

        var after = Lag(await StatsAsync(api), "dead_letters");
        after.ShouldBeLessThan(before);
        after.ShouldBe(kafka.Records.Lag(Groups.EmailSendDeadLetter, Topics.EmailSendDeadLetter));
    }

    [Test]
    public async Task Without_Kafka_the_database_are_answered_and_the_rest_is_said_to_be_missing()
    {
        await using var api = await ApiHost.StartAsync(("Kafka:BootstrapServers", NoKafka), ("Api:StatsTimeout", "00:00:01"));

        // A busy machine may take longer for a part of Postgres than the short timeout allows, the first time above all.
        var stats = await Eventually.Value(() => StatsAsync(api), stats => MissingFrom(stats).SequenceEqual(["unread", "delayed", "dead_letters"]), within: null, "Postgres answers");

        stats.GetProperty("complete").GetBoolean().ShouldBeFalse();
        stats.GetProperty("mails").GetProperty("sent").GetInt64().ShouldBeGreaterThanOrEqualTo(0);
        stats.GetProperty("failures").GetProperty("resolved").GetInt64().ShouldBeGreaterThanOrEqualTo(0);
    }

    [Test]
    public async Task Without_Postgres_the_lags_are_answered_and_the_database_are_said_to_be_missing()
    {
        var kafka = await KafkaFixture.StartAsync();
        foreach (var topic in new[] { Topics.EmailSend, Topics.EmailSendDeadLetter, Topics.EmailSendDelayPrefix + "1s" })
            await EnsureTopicAsync(kafka, topic);
        await using var api = await ApiHost.StartAsync(("Kafka:BootstrapServers", kafka.BootstrapServers), ("Database:ConnectionString", ApiHost.NoPostgres), LongTimeout);

        var stats = await StatsAsync(api);

        MissingFrom(stats).ShouldBe(["mails", "failures", "pace"]);
        Lag(stats, "unread").ShouldBeGreaterThanOrEqualTo(0);
    }

    [Test]
    public async Task A_Postgres_that_hangs_keeps_the_answer_no_longer_than_configured()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        await using var api = await ApiHost.StartOnAsync(
            await server.CreateDatabaseAsync(), ("Kafka:BootstrapServers", NoKafka), ("Api:StatsTimeout", "00:00:01"), ("Database:CommandTimeout", "00:05:00"));
        await Eventually.Until(async () => (await StatsAsync(api)).TryGetProperty("mails", out _), within: null, "Postgres answers");

        await server.FreezeAsync();
        try
        {
            var watch = Stopwatch.StartNew();
            // What was counted a few seconds before the server froze is still told.
            await Eventually.Value(() => StatsAsync(api), stats => MissingFrom(stats).Contains("mails"), null, "what the count of before was has grown old");
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(4), "the command's own time-out would take longer");
        }
        finally
        {
            await server.ThawAsync();
        }
    }

    private static async Task<JsonElement> StatsAsync(ApiHost api)
    {
        var response = await api.GetAsync("/stats");
        var body = await response.JsonAsync();
        ((int)response.StatusCode).ShouldBe(200, body.ToString());
        return body;
    }

    private static IEnumerable<string?> MissingFrom(JsonElement stats)
    {
        var missing = stats.GetProperty("missing").EnumerateArray().ToList();
        foreach (var part in missing)
        {
            part.GetProperty("reason").GetString().ShouldNotBeNullOrEmpty();
            stats.TryGetProperty(part.GetProperty("part").GetString()!, out _).ShouldBeFalse("what is missing has no number");
        }

        return missing.Select(part => part.GetProperty("part").GetString());
    }

    private static long Lag(JsonElement stats, string part) => stats.GetProperty(part).GetProperty("lag").GetInt64();

    private static long Grown(JsonElement before, JsonElement after, string part) => Lag(after, part) - Lag(before, part);

    private static async Task EnsureTopicAsync(KafkaFixture kafka, string topic)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = kafka.BootstrapServers }).Build();
        if (!admin.GetMetadata(Eventually.DefaultDeadline).Topics.Exists(found => found.Topic == topic))
            await kafka.CreateTopicAsync(topic);
    }

    private static void Commit(KafkaFixture kafka, string group, TopicPartitionOffset offset)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = kafka.BootstrapServers, GroupId = group }).Build();
        consumer.Commit([offset]);
    }
}
