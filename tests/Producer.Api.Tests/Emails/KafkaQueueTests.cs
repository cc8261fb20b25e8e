using System.Net;
using System.Text;
using Contracts;
using Microsoft.Extensions.DependencyInjection;
using Producer.Api.Configuration;
using Producer.Api.Emails;

namespace Producer.Api.Tests.Emails;

/// <summary>The service with a real Kafka.</summary>
public class KafkaQueueTests
{
    private const string Mail = """{"from":"a@example.com","to":["b@example.com"],"subject":"Grüße","text":"t"}""";

    private static readonly TimeSpan AcceptTimeout = TimeSpan.FromSeconds(5);

    private static async Task<(ApiHost Api, KafkaFixture Kafka)> StartAsync()
    {
        var kafka = await KafkaFixture.StartAsync();
        // The in-memory Kafka cannot create topics by an admin's request; where there is a real one, the service creates its own.
        var creates = kafka.Supports(KafkaCapability.TopicAdministration);
        if (!creates)
            await Task.WhenAll(kafka.CreateTopicAsync(Topics.EmailSend), kafka.CreateTopicAsync(Topics.EmailSendBulk));
        var api = await ApiHost.StartWithKafkaAsync(
            ("Kafka:BootstrapServers", kafka.BootstrapServers), ("Kafka:CreateTopics", creates ? "true" : "false"), ("Kafka:ReplicationFactor", creates ? "1" : "-1"));
        await Eventually.Until(
            async () => (await api.GetAsync("/health/ready")).StatusCode == HttpStatusCode.OK, TimeSpan.FromMinutes(2), "the service is ready");
        return (api, kafka);
    }

    private static Task<ApiHost> StartWithoutKafkaAsync() => ApiHost.StartWithKafkaAsync(
        [("Kafka:BootstrapServers", "127.0.0.1:1"), ("Api:AcceptTimeout", $"{AcceptTimeout}")], services => services.AddSingleton<TimeProvider>(new TimeWithoutDeadlines()));

    private static RawRecord RecordOf(KafkaFixture kafka, Guid id) =>
        kafka.Records.ReadAll(Topics.EmailSend).Last(record => record.Header(HeaderNames.MessageId) == id.ToString());

    private static async Task<Guid> AcceptedAsync(ApiHost api, string mail)
    {
        var response = await api.PostAsync("/emails", mail);
        var body = await response.JsonAsync();
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted, body.ToString());
        return body.GetProperty("id").GetGuid();
    }

    [Test]
    public async Task An_accepted_mail_is_in_the_topic_as_canonical_JSON_under_its_id_and_key()
    {
        var (api, kafka) = await StartAsync();
        await using var _ = api;

        var plain = await AcceptedAsync(api, Mail);
        var ordered = await AcceptedAsync(api, Mail[..^1] + ""","ordering_key":"order-7"}""");

        var record = RecordOf(kafka, plain);
        record.KeyText.ShouldBe(plain.ToString());
        record.Value.ShouldBe(SendEmailJson.Serialize(SendEmailJson.Deserialize(Encoding.UTF8.GetBytes(Mail))));
        record.ValueText.ShouldBe(Mail);
        RecordOf(kafka, ordered).KeyText.ShouldBe("order-7");
    }

    [Test]
    public async Task A_record_carries_the_stored_key_that_its_mail_was_accepted_under()
    {
        var (api, kafka) = await StartAsync();
        await using var _ = api;
        var made = await (await api.PostAsync("/keys", $$"""{"name":"kafka-{{Guid.NewGuid():N}}","scopes":["send"]}""")).JsonAsync();
        var key = made.GetProperty("key").GetProperty("id").GetGuid();

        var response = await api.PostAsync("/emails", Mail, ("X-Api-Key", made.GetProperty("secret").GetString()!));
        var nobodys = await AcceptedAsync(api, Mail);

        RecordOf(kafka, (await response.JsonAsync()).GetProperty("id").GetGuid()).Header(HeaderNames.ApiKey).ShouldBe(key.ToString());
        RecordOf(kafka, nobodys).Header(HeaderNames.ApiKey).ShouldBeNull();
    }

    [Test]
    public async Task A_bulk_mail_is_in_the_topic_of_its_stream()
    {
        var (api, kafka) = await StartAsync();
        await using var _ = api;
        var bulk = await AcceptedAsync(api, Mail[..^1] + ""","stream":"bulk"}""");

        var record = kafka.Records.ReadAll(Topics.EmailSendBulk).Single(record => record.Header(HeaderNames.MessageId) == bulk.ToString());
        record.KeyText.ShouldBe(bulk.ToString());
        record.ValueText.ShouldBe(Mail[..^1] + ""","stream":"bulk"}""");
        kafka.Records.ReadAll(Topics.EmailSend).ShouldNotContain(record => record.Header(HeaderNames.MessageId) == bulk.ToString());
    }

    [Test]
    public async Task Mails_failures_and_lags_are_metrics_also_where_no_worker_runs()
    {
        var (api, _) = await StartAsync();
        await using var host = api;
        await AcceptedAsync(api, Mail);

        var metrics = await Eventually.Value(
            async () => await (await api.GetAsync("/metrics")).Content.ReadAsStringAsync(),
            text => text.Contains("consumer_group_lag{", StringComparison.Ordinal), within: null, "the lags are exported");

        metrics.ShouldContain("messaging_consumer_group_name=\"email-send-group\",messaging_destination_name=\"email.send\"");
        metrics.ShouldContain("failures{");
        metrics.ShouldContain("state=\"sent\"");
        // Begun, though no post has had this outcome yet, and in seconds.
        metrics.ShouldContain("mail_acknowledgement_seconds_bucket");
        metrics.ShouldContain("le=\"0.0025\"");
    }

    [Test]
    public async Task A_replay_is_in_the_topic_byte_for_byte()
    {
        var (api, kafka) = await StartAsync();
        await using var _ = api;
        var value = """{ "odd" : [1,  2] }"""u8.ToArray();
        var (mailId, failureId) = await new Store(api.Services).FailAsync(value);

        (await (await api.PostAsync($"/failures/{failureId}/replay", "{}")).JsonAsync()).GetProperty("produced").GetBoolean().ShouldBeTrue();

        var record = RecordOf(kafka, mailId);
        record.Value.ShouldBe(value);
        record.KeyText.ShouldBe("key");
        record.Header(HeaderNames.Epoch).ShouldBe("1");
        record.Headers.ShouldNotContain(header => header.Key.StartsWith(HeaderNames.FaultPrefix, StringComparison.Ordinal));
    }

    [Test]
    public async Task Without_Kafka_the_service_starts_is_red_and_answers_posts_within_the_configured_time()
    {
        await using var api = await StartWithoutKafkaAsync();

        // Only Kafka's client can say that, and it does before the post's own time is up; after that the outcome would be unknown.
        await (await api.PostAsync("/emails", Mail)).ProblemAsync(503, "not_accepted");

        var ready = await Eventually.Value(
            () => api.GetAsync("/health/ready"), response => response.StatusCode == HttpStatusCode.ServiceUnavailable, within: null, "the service is red");
        (await ready.JsonAsync()).GetProperty("dependencies").EnumerateArray()
            .ShouldContain(dependency => dependency.GetProperty("name").GetString() == "kafka" && dependency.GetProperty("status").GetString() == "unhealthy");
        (await api.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Test]
    public async Task While_Kafka_is_known_to_be_away_posts_are_refused_at_once_but_for_one_a_second()
    {
        await using var api = await StartWithoutKafkaAsync();
        await (await api.PostAsync("/emails", Mail)).ProblemAsync(503, "not_accepted");

        // Kafka's client gives no record up sooner than that. One of ten may be the probe, which waits for it, and more of them where the machine is slow.
        var timeout = KafkaQueue.DeliveryTimeout(AcceptTimeout);
        await Eventually.Until(
            async () => (await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => TimedAsync()))).Count(took => took < timeout) >= 8,
            within: null, "eight of ten posts do not wait for Kafka's client");

        async Task<TimeSpan> TimedAsync()
        {
            var begun = TimeProvider.System.GetTimestamp();
            await (await api.PostAsync("/emails", Mail)).ProblemAsync(503, "not_accepted");
            return TimeProvider.System.GetElapsedTime(begun);
        }
    }

    /// <summary>Kafka's <c>broker.session.timeout.ms</c>: new leaders are elected that long after a broker's crash.</summary>
    [Test]
    public void A_broker_s_crash_is_over_before_a_post_is_given_up() =>
        KafkaQueue.DeliveryTimeout(new ApiOptions().AcceptTimeout).ShouldBeGreaterThan(TimeSpan.FromSeconds(9 + 2));

    [TestCase(15, 13)]
    [TestCase(5, 3)]
    [TestCase(2, 1)]
    public void Kafka_s_client_gives_up_before_the_post_does(int accept, int delivery) =>
        KafkaQueue.DeliveryTimeout(TimeSpan.FromSeconds(accept)).ShouldBe(TimeSpan.FromSeconds(delivery));

    /// <summary>The time as it is, but nothing ends by it: on a slow machine a post's own time could be up before Kafka's client has looked.</summary>
    private sealed class TimeWithoutDeadlines : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
