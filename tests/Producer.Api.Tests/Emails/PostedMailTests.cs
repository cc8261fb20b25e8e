using System.Text.Json;
using Persistence.Mails;

namespace Producer.Api.Tests.Emails;

/// <summary>GET shows what was posted, before and after a worker has read it.</summary>
public class PostedMailTests
{
    private const string Mail = """
        {"from":"Shop <shop@example.com>","to":["Ann <ann@example.com>","bob@example.com"],"cc":"cc@example.com","bcc":"bcc@example.com","reply_to":"help@example.com",
         "subject":"s","text":"t","tags":["order",{"name":"campaign","value":"spring"}]}
        """;

    private ApiHost _api = null!;
    private Store _store = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _api = await ApiHost.StartAsync();
        _store = new Store(_api.Services);
    }

    [OneTimeTearDown]
    public async Task Stop() => await _api.DisposeAsync();

    [Test]
    public async Task Before_a_worker_has_read_it_the_instance_that_accepted_it_shows_it()
    {
        var id = (await (await _api.PostAsync("/emails", Mail)).JsonAsync()).GetProperty("id").GetGuid();

        var mail = await GetAsync(id);
        ShouldBeAsPosted(mail);
        mail.GetProperty("recorded").GetBoolean().ShouldBeFalse();
        mail.GetProperty("last_event").GetString().ShouldBe("queued");
        mail.GetProperty("object").GetString().ShouldBe("email");
    }

    [Test]
    public async Task Once_a_worker_has_read_it_every_instance_shows_it_also_while_it_is_being_sent([Values] bool isSent)
    {
        var id = Guid.NewGuid();
        await _store.SendAsync(id, AsPosted, isSent);

        var mail = await GetAsync(id);
        ShouldBeAsPosted(mail);
        mail.GetProperty("created_at").GetDateTimeOffset().ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
        mail.GetProperty("message_id").GetString().ShouldBe($"<{id}@test>");
        mail.GetProperty("last_event").GetString().ShouldBe(isSent ? "sent" : "queued");
    }

    [Test]
    public async Task A_mail_of_plain_addresses_is_shown_by_sender_and_recipients()
    {
        var id = Guid.NewGuid();
        await _store.SendAsync(id, record => record with { Recipients = [new Recipient("b@example.com", RecipientKind.To), new Recipient("c@example.com", RecipientKind.Bcc)] });

        var mail = await GetAsync(id);
        mail.GetProperty("from").GetString().ShouldBe("a@example.com");
        Texts(mail, "to").ShouldBe(["b@example.com"]);
        Texts(mail, "bcc").ShouldBe(["c@example.com"]);
        mail.TryGetProperty("cc", out _).ShouldBeFalse();
        mail.TryGetProperty("tags", out _).ShouldBeFalse();
    }

    [Test]
    public async Task What_went_wrong_last_is_told_as_long_as_it_holds()
    {
        var id = Guid.NewGuid();
        var (record, claim) = await _store.ClaimAsync(id);
        await _store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.Redelivery(2, DateTimeOffset.UtcNow, "451 later"), []);
        var waits = await GetAsync(id);
        waits.GetProperty("last_error").GetString().ShouldBe("451 later");
        waits.GetProperty("last_event").GetString().ShouldBe("delivery_delayed");

        await _store.SendAsync(id, _ => record with { Identity = record.Identity with { Attempt = 2 } });
        (await GetAsync(id)).TryGetProperty("last_error", out _).ShouldBeFalse();
    }

    [Test]
    public async Task A_time_from_now_counts_from_when_the_mail_is_accepted_and_a_repeated_post_is_the_same_mail()
    {
        const string InAnHour = """{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t","scheduled_at":"in 1 hour"}""";
        var key = Guid.NewGuid().ToString();

        var id = (await (await _api.PostAsync("/emails", InAnHour, ("Idempotency-Key", key))).JsonAsync()).GetProperty("id").GetGuid();
        _api.Queue.Mails.Single(mail => mail.Id == id).Mail.ScheduledAt!.Value.ShouldBe(DateTimeOffset.UtcNow.AddHours(1), TimeSpan.FromMinutes(1));
        var again = await _api.PostAsync("/emails", InAnHour, ("Idempotency-Key", key));
        again.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        (await again.JsonAsync()).GetProperty("id").GetGuid().ShouldBe(id);
    }

    [TestCase("in 31 days", "too_far_ahead")]
    [TestCase("in 9999999 weeks", "too_far_ahead")]
    [TestCase("in an hour", "invalid_time")]
    [TestCase("tomorrow", "invalid_time")]
    [TestCase("in 1 fortnight", "invalid_time")]
    public async Task A_time_that_is_not_valid_is_refused(string time, string code)
    {
        var problem = await (await _api.PostAsync("/emails", $$"""{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t","scheduled_at":"{{time}}"}""")).ProblemAsync(422, "validation_failed");
        problem.GetProperty("errors")[0].GetProperty("code").GetString().ShouldBe(code);
    }

    private static MailRecord AsPosted(MailRecord record)
    {
        var mail = Contracts.SendEmailJson.Deserialize(System.Text.Encoding.UTF8.GetBytes(Mail));
        return record with
        {
            Sender = "shop@example.com",
            Posted = Contracts.PostedAddresses.Of(mail).ToJson(),
            Tags = JsonSerializer.Serialize(mail.Tags),
        };
    }

    private static void ShouldBeAsPosted(JsonElement mail)
    {
        mail.GetProperty("from").GetString().ShouldBe("Shop <shop@example.com>");
        Texts(mail, "to").ShouldBe(["Ann <ann@example.com>", "bob@example.com"]);
        Texts(mail, "cc").ShouldBe(["cc@example.com"]);
        Texts(mail, "bcc").ShouldBe(["bcc@example.com"]);
        Texts(mail, "reply_to").ShouldBe(["help@example.com"]);
        mail.GetProperty("subject").GetString().ShouldBe("s");
        mail.GetProperty("tags").GetRawText().ShouldBe("""["order",{"name":"campaign","value":"spring"}]""");
    }

    private static IEnumerable<string?> Texts(JsonElement mail, string name) => mail.GetProperty(name).EnumerateArray().Select(text => text.GetString());

    private async Task<JsonElement> GetAsync(Guid id) => await (await _api.GetAsync($"/emails/{id}")).JsonAsync();
}
