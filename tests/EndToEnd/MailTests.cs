using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Contracts;
using Npgsql;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace EndToEnd;

/// <summary>The way of mails through the whole system as <c>./dev up</c> starts it, seen from outside; the same with and without Docker.</summary>
public abstract class MailTests(StackMode mode)
{
    private DevStack? _stack;

    private protected DevStack Stack => _stack!;

    [OneTimeSetUp]
    public async Task Start()
    {
        if (mode == StackMode.Docker && TestRun.WhyNoDocker is { } reason)
            Assert.Ignore($"needs Docker to run docker-compose.yml: {reason}");
        _stack = await DevStack.StartAsync(mode);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_stack is not null)
            await _stack.DisposeAsync();
    }

    [Test]
    public async Task A_posted_mail_can_be_read_in_the_sink_and_is_sent()
    {
        var to = EntryPoints.Address("fine");
        var id = await Stack.AcceptAsync(to, "A first mail");

        var mail = await Stack.BecomesAsync(id, "sent");
        mail.Text("attempts").ShouldBe("1");
        (await Stack.MailsToAsync(to)).ShouldHaveSingleItem()!.Text("Subject").ShouldBe("A first mail");
    }

    [Test]
    public async Task A_scheduled_mail_is_sent_when_it_is_due_and_a_canceled_one_never()
    {
        var (scheduled, canceled) = (EntryPoints.Address("later"), EntryPoints.Address("never"));
        // Far longer than a busy machine takes to accept and cancel what is due then.
        var due = DateTimeOffset.UtcNow.AddSeconds(15);
        var called = await Stack.ScheduleAsync(canceled, due);
        var id = await Stack.ScheduleAsync(scheduled, due.AddSeconds(1));

        (await Stack.PostAsync($"/emails/{called}/cancel", new { }, HttpStatusCode.OK)).Text("state").ShouldBe("canceled");
        var mail = await Stack.BecomesAsync(id, "sent");
        DateTimeOffset.Parse(mail.Text("sent_at")!, System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(due.AddSeconds(1));
        (await Stack.MailsToAsync(scheduled)).ShouldHaveSingleItem();
        (await Stack.PostAsync($"/emails/{id}/cancel", new { }, HttpStatusCode.Conflict)).Text("state").ShouldBe("sent");

        await Eventually.Until(() => Stack.Kafka.Lag(Groups.EmailSend, Topics.EmailSend) == 0, TimeSpan.FromSeconds(60), "the group has no lag");
        (await Stack.GetAsync($"/emails/{called}")).Text("state").ShouldBe("canceled");
        (await Stack.MailsToAsync(canceled)).ShouldBeEmpty();
    }

    [Test]
    public async Task A_mail_that_fails_twice_and_then_works_is_sent_once()
    {
        var to = EntryPoints.Address("fail-451-twice");
        var id = await Stack.AcceptAsync(to);

        (await Stack.BecomesAsync(id, "sent")).Text("attempts").ShouldBe("3");
        (await Stack.MailsToAsync(to)).ShouldHaveSingleItem();
        Stack.Kafka.ReadAll(Topics.EmailSendDeadLetter).ShouldNotContain(record => record.Header(HeaderNames.MessageId) == id);
    }

    [Test]
    public async Task A_mail_that_always_fails_is_tried_five_times_and_then_a_dead_letter_with_its_bytes_key_and_id()
    {
        var id = await Stack.AcceptAsync(EntryPoints.Address("fail-451"));

        (await Stack.BecomesAsync(id, "dead")).Text("attempts").ShouldBe("5");
        var failure = await Stack.FailureOfAsync(id);
        failure.Text("attempts").ShouldBe("5");
        failure.Text("status").ShouldBe("unresolved");

        // The accepted record and a delayed copy for each further try: the same mail throughout, never early.
        var tries = Stack.Kafka.ReadAll(Topics.EmailSend)
            .Where(record => record.Header(HeaderNames.MessageId) == id)
            .OrderBy(record => record.Timestamp)
            .ToArray();
        tries.Length.ShouldBe(5);
        var accepted = tries[0];
        tries.ShouldAllBe(record => record.Value!.SequenceEqual(accepted.Value!) && record.KeyText == accepted.KeyText);
        var pauses = tries.Zip(tries.Skip(1), (one, next) => (next.Timestamp - one.Timestamp).TotalSeconds).ToArray();
        foreach (var (pause, least) in pauses.Zip(new[] { 1, 2, 4, 8 }))
            pause.ShouldBeGreaterThanOrEqualTo(least);

        var dead = Stack.Kafka.ReadAll(Topics.EmailSendDeadLetter).Single(record => record.Header(HeaderNames.MessageId) == id);
        dead.Value.ShouldBe(accepted.Value);
        dead.Key.ShouldBe(accepted.Key);
    }

    [Test]
    public async Task A_mail_that_is_refused_permanently_is_a_dead_letter_at_once_and_a_row_in_Postgres()
    {
        var id = await Stack.AcceptAsync(EntryPoints.Address("fail-550"));

        (await Stack.BecomesAsync(id, "dead")).Text("attempts").ShouldBe("1");
        await Stack.FailureOfAsync(id);
        await using var connection = new NpgsqlConnection(Stack.PostgresConnection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT status FROM email.failures WHERE mail_id = $1", connection);
        command.Parameters.AddWithValue(Guid.Parse(id));
        (await command.ExecuteScalarAsync()).ShouldBe("unresolved");
    }

    [Test]
    public async Task A_poison_record_lands_in_the_dead_letter_topic_byte_for_byte_and_leaves_no_lag()
    {
        byte[] poison = [0xff, 0xfe, .. Guid.NewGuid().ToByteArray()];
        var written = await Stack.Kafka.ProduceAsync(Topics.EmailSend, "poison"u8.ToArray(), poison);

        await Eventually.Until(
            () => Stack.Kafka.ReadAll(Topics.EmailSendDeadLetter).Any(record => record.Value is { } value && value.SequenceEqual(poison) && record.KeyText == "poison"),
            TimeSpan.FromSeconds(60),
            $"the record at {written} is a dead letter");
        await Eventually.Until(
            () => Stack.Kafka.Lag(Groups.EmailSend, Topics.EmailSend) == 0, TimeSpan.FromSeconds(60), "the group has no lag");
    }

    [Test]
    public async Task A_record_typed_into_a_console_is_a_mail()
    {
        var to = EntryPoints.Address("typed");
        var typed = $$"""{"from":"a@example.com","to":"{{to}}","subject":"Typed","body":"text"}""";
        await Stack.Kafka.ProduceAsync(Topics.EmailSend, null, Encoding.UTF8.GetBytes(typed));

        await Eventually.Until(async () => (await Stack.MailsToAsync(to)).Count == 1, TimeSpan.FromSeconds(60), $"the sink has a mail to {to}");
    }

    [Test]
    public async Task A_replayed_mail_is_sent_once_the_cause_is_fixed_and_its_failure_resolved()
    {
        var to = EntryPoints.Address("fixed");
        using (var refuse = await Stack.Mails.PostAsJsonAsync("/api/v1/script", new { at = "rcpt", recipient = to, reply = 550, text = "5.1.1 closed" }))
            refuse.StatusCode.ShouldBe(HttpStatusCode.OK, await refuse.Content.ReadAsStringAsync());
        var id = await Stack.AcceptAsync(to);
        await Stack.BecomesAsync(id, "dead");
        var failure = await Stack.FailureOfAsync(id);

        (await Stack.Mails.DeleteAsync("/api/v1/script")).Dispose();
        await Stack.PostAsync($"/failures/{failure.Text("id")}/replay", new { reason = "The mailbox is open again" }, HttpStatusCode.Accepted);

        (await Stack.BecomesAsync(id, "sent")).Text("epoch").ShouldBe("1");
        (await Stack.FailureOfAsync(id)).Text("status").ShouldBe("resolved");
        (await Stack.MailsToAsync(to)).ShouldHaveSingleItem();
    }

    [Test]
    public async Task A_discarded_failure_stays_with_who_and_why()
    {
        var id = await Stack.AcceptAsync(EntryPoints.Address("fail-550"));
        var failure = await Stack.FailureOfAsync(id);

        await Stack.PostAsync($"/failures/{failure.Text("id")}/discard", new { reason = "Gone permanently" }, HttpStatusCode.OK);

        var discarded = await Stack.FailureOfAsync(id);
        discarded.Text("status").ShouldBe("discarded");
        discarded["actions"]!.AsArray().ShouldHaveSingleItem()!.Text("reason").ShouldBe("Gone permanently");
        await Stack.BecomesAsync(id, "discarded");
    }

    [Test]
    public async Task Resend_s_own_client_sends_reads_lists_reschedules_cancels_and_posts_batches()
    {
        var output = await ResendClient.RunAsync(Stack.Api.BaseAddress!);

        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(
        [
            "ok send, get", "ok idempotency", "ok schedule, update, cancel", "ok a mail that is moved forward is sent", "ok batch", "ok list", "ok errors",
        ]);
    }

    [Test]
    public async Task Spectral_and_Redocly_find_nothing_in_the_description()
    {
        using var found = JsonDocument.Parse(await DescriptionTools.LintAsync(Stack.Api));

        var totals = found.RootElement.GetProperty("totals");
        totals.GetProperty("errors").GetInt32().ShouldBe(0);
        totals.GetProperty("warnings").GetInt32().ShouldBe(0);
    }

    [Test]
    public async Task A_client_that_openapi_typescript_generates_compiles_and_runs() =>
        (await DescriptionTools.RunTypeScriptAsync(Stack.Api)).Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["ok post, get", "ok batch", "ok list", "ok errors"]);

    [Test]
    public async Task A_client_that_Kiota_generates_compiles_and_runs() =>
        (await DescriptionTools.RunKiotaAsync(Stack.Api)).Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["ok post, get", "ok list", "ok errors"]);

    [Test]
    public async Task The_demo_tells_what_became_of_each_mail()
    {
        using var demo = Stack.Run("demo");
        (await demo.EndsAsync(TimeSpan.FromMinutes(3))).ShouldBe(0, demo.Output);

        demo.Lines.Count(line => line.StartsWith("fine@", StringComparison.Ordinal) && line.Contains(" sent  ", StringComparison.Ordinal)).ShouldBe(10);
        demo.Lines.Count(line => line.StartsWith("fail-451-twice@", StringComparison.Ordinal) && line.Contains("sent      tries: 3", StringComparison.Ordinal)).ShouldBe(3);
        demo.Lines.Count(line => line.StartsWith("fail-451@", StringComparison.Ordinal) && line.Contains("dead      tries: 5", StringComparison.Ordinal)).ShouldBe(3);
        demo.Lines.Count(line => line.StartsWith("fail-550@", StringComparison.Ordinal) && line.Contains("dead      tries: 1", StringComparison.Ordinal)).ShouldBe(3);
        demo.Lines.ShouldContain(line => line.StartsWith("not-an-address", StringComparison.Ordinal) && line.Contains("refused", StringComparison.Ordinal));
        demo.Lines.ShouldContain(line => line.StartsWith("(no mail", StringComparison.Ordinal) && line.Contains("dead", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_second_up_is_refused_in_one_line()
    {
        using var second = Stack.Run("up", mode == StackMode.Local ? "--local" : "--docker");
        (await second.EndsAsync(TimeSpan.FromSeconds(60))).ShouldBe(1);
        second.Lines.ShouldHaveSingleItem().ShouldStartWith("dev: it runs already");
    }
}
