using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using Messaging.Kafka.Inspection;
using Microsoft.Extensions.Time.Testing;
using Producer.Api.Emails;
using Producer.Api.Ids;
using ServiceDefaults.Kafka;

namespace Producer.Api.Tests.Emails;

/// <summary>Ids that this system gave out, and of which nothing is written.</summary>
public class UnknownEmailTests
{
    private const string Secret = "0123456789abcdef-of-the-ids";
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task An_id_is_queued_while_its_record_may_be_unread_and_unknown_once_all_of_its_time_was_read()
    {
        var (api, kafka, names) = await StartAsync();
        await using var _ = api;
        var (old, other, derived, fresh) = (IdOf(TimeSpan.FromHours(1)), IdOf(TimeSpan.FromDays(90)), Ids(DateTimeOffset.UtcNow).Derive("c", "k"), IdOf(TimeSpan.FromMinutes(1)));
        var unread = await kafka.Records.ProduceAsync(names.Mails, "a", "b");
        foreach (var id in new[] { old, other, derived, fresh })
            (await StateAsync(api, id)).ShouldBe("queued");

        Commit(kafka, names.Group, unread);
        await Eventually.Until(async () => await StateAsync(api, old) == "unknown", null, "the workers have read it");
        var mail = await (await api.GetAsync($"/emails/{old}?wait=30s")).JsonAsync();
        (mail.GetProperty("state").GetString(), mail.GetProperty("last_event").GetString(), mail.GetProperty("recorded").GetBoolean()).ShouldBe(("unknown", "unknown", false));
        mail.GetProperty("last_error").GetString()!.ShouldContain("the database was restored");
        mail.TryGetProperty("accepted_at", out var accepted).ShouldBe(accepted.ValueKind == JsonValueKind.Null, "nobody knows that it was accepted");
        (await StateAsync(api, other)).ShouldBe("unknown");
        await Eventually.Until(async () => await StateAsync(api, derived) == "unknown", null, "all that was posted until the question is read");
        (await StateAsync(api, fresh)).ShouldBe("queued", "its post may be on its way");
        var later = new HttpRequestMessage(HttpMethod.Patch, $"/emails/{old}") { Content = new StringContent("""{"scheduled_at":"in 1 hour"}""", Encoding.UTF8, "application/json") };
        (await (await api.Client.SendAsync(later)).ProblemAsync(409, "mail_not_waiting")).GetProperty("state").GetString().ShouldBe("unknown", "to ask again does not help");

        await new Store(api.Services).SendAsync(old);
        (await StateAsync(api, old)).ShouldBe("sent", "what comes after all is what counts");
    }

    [Test]
    public async Task An_id_is_queued_while_dead_letters_wait_to_become_failures_and_while_Kafka_does_not_say()
    {
        var (api, kafka, names) = await StartAsync();
        await using var _ = api;
        var unread = await kafka.Records.ProduceAsync(names.DeadLetters, "a", "b");
        var old = IdOf(TimeSpan.FromHours(1));
        (await StateAsync(api, old)).ShouldBe("queued");
        Commit(kafka, names.DeadLetterGroup, unread);
        await Eventually.Until(async () => await StateAsync(api, old) == "unknown", null, "no dead letter waits");

        await using var apart = await ApiHost.StartAsync(("Api:IdSecret", Secret), ("Kafka:BootstrapServers", "127.0.0.1:1"));
        (await StateAsync(apart, old)).ShouldBe("queued");
    }

    [Test]
    public async Task An_id_under_another_secret_is_not_found_and_the_answer_says_how_that_can_be()
    {
        await using var api = await ApiHost.StartAsync(("Api:IdSecret", Secret));
        var id = new MailId("0123456789abcdef-of-another"u8, TimeProvider.System).New();
        (await (await api.GetAsync($"/emails/{id}")).ProblemAsync(404, "mail_not_found")).GetProperty("detail").GetString()!.ShouldContain("Api:IdSecret");
    }

    [Test]
    public void All_is_read_until_a_look_that_found_nothing_unread_or_whose_ends_were_reached_since()
    {
        var mark = new ReadPosition.ReadMark();
        See(0, (10, 8), (5, 5));
        mark.Until.ShouldBeNull();
        See(1, (20, 9), (5, 5));
        mark.Until.ShouldBeNull("offset 9 was there at the first look");
        See(2, (30, 10), (6, 5));
        mark.Until.ShouldBe(Noon);
        See(3, (40, 31), (6, 5));
        mark.Until.ShouldBe(Noon, "partition 1 is not yet where it was");
        See(4, (50, 31), (6, 6), hasDeadLetters: true);
        mark.Until.ShouldBe(Noon);
        See(5, (50, 31), (6, 6));
        mark.Until.ShouldBe(Noon.AddMinutes(2));
        See(6, (50, 50), (6, 6));
        mark.Until.ShouldBe(Noon.AddMinutes(6));
        See(7, (51, 50), (6, 6));
        // Created again: its ends are others, and what they say begins anew.
        See(8, (3, 1), (6, 6));
        See(9, (4, 3), (6, 6));
        mark.Until.ShouldBe(Noon.AddMinutes(8));

        void See(int minute, (long End, long Committed) first, (long End, long Committed) second, bool hasDeadLetters = false) => mark.See(
            Noon.AddMinutes(minute),
            [new PartitionProgress("t", 0, 0, first.End, first.Committed), new PartitionProgress("t", 1, 0, second.End, second.Committed)],
            hasDeadLetters);
    }

    private static async Task<(ApiHost Api, KafkaFixture Kafka, MailTopics Names)> StartAsync()
    {
        var kafka = await KafkaFixture.StartAsync();
        var prefix = $"{Guid.NewGuid():N}."[^9..];
        var names = MailTopics.Of(prefix, prefix);
        await Task.WhenAll(names.AllMails.Append(names.DeadLetters).Select(topic => kafka.CreateTopicAsync(topic)));
        return (
            await ApiHost.StartAsync(("Api:IdSecret", Secret), ("Kafka:BootstrapServers", kafka.BootstrapServers), ("Kafka:TopicPrefix", prefix), ("Kafka:GroupPrefix", prefix)), kafka, names);
    }

    private static MailId Ids(DateTimeOffset now) => new(Encoding.UTF8.GetBytes(Secret), new FakeTimeProvider(now));

    private static Guid IdOf(TimeSpan age) => Ids(DateTimeOffset.UtcNow - age).New();

    private static async Task<string> StateAsync(ApiHost api, Guid id) => (await (await api.GetAsync($"/emails/{id}")).JsonAsync()).GetProperty("state").GetString()!;

    private static void Commit(KafkaFixture kafka, string group, TopicPartitionOffset read)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = kafka.BootstrapServers, GroupId = group }).Build();
        consumer.Commit([new TopicPartitionOffset(read.TopicPartition, read.Offset + 1)]);
    }
}
