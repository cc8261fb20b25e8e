using System.Security.Cryptography;
using System.Text;
using Consumer.Worker.Tests.Hosting;
using Contracts;
using MailSink.Mails;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Scheduling;

/// <summary>Mails that are to be sent later: on a broker, a Postgres and a mail server.</summary>
internal sealed class ScheduledMailTests
{
    /// <summary>Until a mail is due that must lie in its row before then: far longer than a busy machine takes to read its record.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    private RunningWorker _worker = null!;

    [OneTimeSetUp]
    public async Task StartWorker()
    {
        _worker = await RunningWorker.StartAsync();
        // A mail that is due in seconds must not come due while the worker is still joining its group.
        await _worker.WhenAsync(await _worker.PostAsync("first@example.com"), MailState.Sent);
    }

    [OneTimeTearDown]
    public async Task StopWorker() => await _worker.DisposeAsync();

    [Test]
    public async Task A_scheduled_mail_waits_is_sent_when_it_is_due_and_never_early()
    {
        // The sweep wakes when the mail is due: it does not look again by itself before the test is over.
        await using var worker = await RunningWorker.StartAsync("--Schedule:SweepInterval=01:00:00");
        await worker.WhenAsync(await worker.PostAsync("first@example.com"), MailState.Sent);
        var due = DateTimeOffset.UtcNow + Soon;
        var id = await worker.PostAsync(Mail(due));
        (await worker.WhenAsync(id, MailState.Scheduled)).ScheduledAt!.Value.ShouldBe(due, TimeSpan.FromMilliseconds(1));

        var mail = await worker.WhenAsync(id, MailState.Sent);
        mail.Attempt.ShouldBe(1);
        var sent = Sent(worker, id).ShouldHaveSingleItem();
        sent.ReceivedAt.ShouldBeGreaterThanOrEqualTo(due);
        sent.Parse().Date.ShouldBe(due, TimeSpan.FromSeconds(1), "a mail of today, not of the day it was accepted");
    }

    [Test]
    public async Task A_time_that_is_past_means_at_once()
    {
        var id = await PostAsync(DateTimeOffset.UtcNow.AddDays(-3));
        (await _worker.WhenAsync(id, MailState.Sent)).ScheduledAt.ShouldBeNull();
    }

    [Test]
    public async Task A_scheduled_mail_of_the_console_is_sent_once_though_its_id_is_where_it_lies()
    {
        var due = DateTimeOffset.UtcNow.AddSeconds(2);
        await _worker.Kafka.Records.ProduceAsync(
            _worker.Topics.Mails, null, $$"""{"from":"a@example.com","to":"later@example.com","subject":"s","body":"t","scheduled_at":"{{due:O}}"}""");

        await Eventually.Until(() => To("later@example.com").Count == 1, null, "the mail arrived");
        To("later@example.com")[0].ReceivedAt.ShouldBeGreaterThanOrEqualTo(due);
    }

    [Test]
    public async Task A_rescheduled_mail_is_sent_once_at_its_new_time([Values] bool sooner)
    {
        var now = DateTimeOffset.UtcNow;
        var (before, after) = sooner ? (now.AddHours(1), now.AddSeconds(2)) : (now + Soon, now + Soon + TimeSpan.FromSeconds(3));
        var id = await PostAsync(before);
        await _worker.WhenAsync(id, MailState.Scheduled);
        (await _worker.Schedules.RescheduleAsync(id, after)).ShouldBe(RescheduleResult.Rescheduled);

        (await _worker.WhenAsync(id, MailState.Sent)).Epoch.ShouldBe(1);
        await DoneAsync();
        var sent = Sent(id).ShouldHaveSingleItem();
        sent.ReceivedAt.ShouldBeGreaterThanOrEqualTo(after);
        sent.Parse().Date.ShouldBe(after, TimeSpan.FromSeconds(1));
        (await _worker.Schedules.RescheduleAsync(id, before)).ShouldBe(RescheduleResult.Refused);
    }

    [Test]
    public async Task A_canceled_mail_is_never_sent()
    {
        var due = DateTimeOffset.UtcNow + Soon;
        var id = await PostAsync(due);
        await _worker.WhenAsync(id, MailState.Scheduled);
        (await _worker.Schedules.CancelAsync(id, "ann", accepted: true)).ShouldBe(CancelResult.Canceled);

        // A mail that is due after it goes the same way behind it.
        await _worker.WhenAsync(await PostAsync(due.AddSeconds(1)), MailState.Sent);
        await DoneAsync();
        Sent(id).ShouldBeEmpty();
        (await _worker.Mails.FindAsync(id))!.Mail.State.ShouldBe(MailState.Canceled);
        _worker.Kafka.Records.ReadAll(_worker.Topics.DeadLetters).ShouldNotContain(record => record.Header(HeaderNames.MessageId) == $"{id:D}");
    }

    [Test]
    public async Task A_mail_that_was_canceled_before_its_record_was_read_is_never_sent([Values] bool scheduled)
    {
        var id = Guid.NewGuid();
        await _worker.Schedules.CancelAsync(id, "ann", accepted: true);
        await ProduceAsync(id, scheduled ? DateTimeOffset.UtcNow.AddSeconds(2) : null);

        await _worker.WhenAsync(await PostAsync(DateTimeOffset.UtcNow.AddSeconds(3)), MailState.Sent);
        await DoneAsync();
        Sent(id).ShouldBeEmpty();
    }

    [Test]
    public async Task A_scheduled_mail_waits_in_its_row_and_nowhere_else()
    {
        var id = await PostAsync(DateTimeOffset.UtcNow.AddHours(1));
        await _worker.WhenAsync(id, MailState.Scheduled);
        await DoneAsync();

        Records(id).ShouldBe(1, "the record that was posted");
        (await _worker.Mails.FindAsync(id))!.Mail.PublishedAt.ShouldBeNull();
        (await _worker.Schedules.CancelAsync(id, "ann", accepted: true)).ShouldBe(CancelResult.Canceled);
    }

    [Test]
    public async Task A_record_that_is_read_again_before_the_mail_is_due_changes_nothing()
    {
        var id = Guid.NewGuid();
        var due = DateTimeOffset.UtcNow.AddSeconds(4);
        await StoreAsync(id, due);
        await ProduceAsync(id, due);

        await _worker.WhenAsync(id, MailState.Sent);
        await DoneAsync();
        Sent(id).ShouldHaveSingleItem().ReceivedAt.ShouldBeGreaterThanOrEqualTo(due);
    }

    [Test]
    public async Task A_mail_that_two_sweeps_produce_is_sent_once()
    {
        var id = Guid.NewGuid();
        var due = DateTimeOffset.UtcNow.AddSeconds(2);
        await StoreAsync(id, due);
        await Task.WhenAll(_worker.WhenAsync(id, MailState.Sent), ProduceWhenDueAsync());

        await _worker.WhenAsync(await PostAsync(due.AddSeconds(1)), MailState.Sent);
        await DoneAsync();
        Sent(id).Count.ShouldBe(1);

        // As the sweep of another worker does that is killed before it marks the mail.
        async Task ProduceWhenDueAsync()
        {
            await Eventually.Until(() => DateTimeOffset.UtcNow >= due, null, "it is due");
            await ProduceAsync(id, due);
        }
    }

    [Test]
    public async Task A_mail_that_is_due_by_Postgres_is_sent_though_the_worker_s_clock_says_that_it_is_not()
    {
        var id = Guid.NewGuid();
        var due = DateTimeOffset.UtcNow.AddMinutes(10);
        await StoreAsync(id, due);
        await ExecuteAsync("UPDATE email.mails SET next_attempt_at = now() WHERE id = $1", id);
        await _worker.WhenAsync(await PostAsync(DateTimeOffset.UtcNow.AddSeconds(1)), MailState.Sent);

        await _worker.WhenAsync(id, MailState.Sent);
        Sent(id).Count.ShouldBe(1);
    }

    // A worker whose clock is behind reads what a sweep has produced before that marks the mail, and what fails then comes back to such a one.
    [TestCase(0)]
    [TestCase(1)]
    public async Task A_mail_that_a_sweep_has_taken_is_sent_though_the_worker_s_clock_says_that_it_is_not_due(int failures)
    {
        if (failures > 0)
            _worker.Sink.Script.Add(new MailSink.Rules.ScriptRule(MailSink.Rules.SmtpStage.Rcpt, MailSink.Rules.RuleAction.Reply(451)) { Recipient = "bob@*", Times = failures });
        var id = Guid.NewGuid();
        var due = DateTimeOffset.UtcNow.AddMinutes(10);
        await StoreAsync(id, due);
        await ExecuteAsync("UPDATE email.mails SET next_attempt_at = now() + interval '1 hour' WHERE id = $1", id);
        await ProduceAsync(id, due);

        (await _worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1 + failures);
        Sent(id).Count.ShouldBe(1);
    }

    [Test]
    public async Task A_mail_whose_record_is_lost_is_sent_by_its_row()
    {
        var id = Guid.NewGuid();
        var due = DateTimeOffset.UtcNow.AddSeconds(1);
        await StoreAsync(id, due);

        await _worker.WhenAsync(id, MailState.Sent);
        Sent(id).ShouldHaveSingleItem().ReceivedAt.ShouldBeGreaterThanOrEqualTo(due);
    }

    [Test]
    public async Task A_scheduled_mail_that_fails_is_tried_as_often_as_any_other_and_replayed_at_once()
    {
        _worker.Sink.Script.Add(new MailSink.Rules.ScriptRule(MailSink.Rules.SmtpStage.Rcpt, MailSink.Rules.RuleAction.Reply(451)) { Recipient = "sick@*", Times = 3 });
        var id = await PostAsync(DateTimeOffset.UtcNow.AddSeconds(2), "sick@example.com");
        (await _worker.WhenAsync(id, MailState.Dead)).Attempt.ShouldBe(3);

        var failure = (await Eventually.Value(
            () => _worker.Failures.ListAsync(new FailureFilter { MailId = id }, 10), page => page.Items.Count > 0, null, "the failure is there"))!.Items[0];
        var replay = (await _worker.Failures.RequestReplayAsync(failure.Id, "ann", null)).ShouldBeOfType<ReplayResult.Accepted>().Replay;
        await _worker.Kafka.Records.ProduceAsync(
            _worker.Topics.Mails, $"{id:D}", Encoding.UTF8.GetString(replay.Value!), (HeaderNames.MessageId, $"{id:D}"), (HeaderNames.Epoch, "1"));
        (await _worker.WhenAsync(id, MailState.Sent)).Epoch.ShouldBe(1);
    }

    private static SendEmail Mail(DateTimeOffset? due, string to = "bob@example.com") =>
        new() { From = "ann@example.com", To = [to], Subject = "subject", Text = "text", ScheduledAt = due };

    private Task<Guid> PostAsync(DateTimeOffset due, string to = "bob@example.com") => _worker.PostAsync(Mail(due, to));

    private async Task ProduceAsync(Guid id, DateTimeOffset? due) => await _worker.Kafka.Records.ProduceAsync(
        _worker.Topics.Mails, $"{id:D}", Encoding.UTF8.GetString(SendEmailJson.Serialize(Mail(due))), (HeaderNames.MessageId, $"{id:D}"));

    /// <summary>Writes the row as a worker does that is killed then, of a record that lies at offset 0.</summary>
    private async Task StoreAsync(Guid id, DateTimeOffset due)
    {
        var value = SendEmailJson.Serialize(Mail(due));
        var record = new MailRecord
        {
            Identity = new RecordIdentity(id, 0, 0),
            MessageIdHeader = $"{id:D}@example.com",
            Topic = _worker.Topics.Mails,
            Partition = 0,
            Offset = 0,
            Timestamp = DateTimeOffset.UtcNow,
            Sender = "ann@example.com",
            ContentHash = SHA256.HashData(value),
            Recipients = [new Recipient("bob@example.com", RecipientKind.To)],
        };
        RecordHeader[] headers = [new(HeaderNames.MessageId, Encoding.UTF8.GetBytes($"{id:D}"))];
        (await _worker.Schedules.StoreAsync(record, new ScheduledRecord(due, new WaitingRecord(Encoding.UTF8.GetBytes($"{id:D}"), value, headers)))).ShouldBe(ClaimDecision.Claim);
    }

    private async Task ExecuteAsync(string sql, Guid id)
    {
        await using var connection = new Npgsql.NpgsqlConnection(_worker.ConnectionString);
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        command.Parameters.Add(new Npgsql.NpgsqlParameter { Value = id });
        (await command.ExecuteNonQueryAsync()).ShouldBe(1);
    }

    private int Records(Guid id) => _worker.Kafka.Records.ReadAll(_worker.Topics.Mails).Count(record => record.Header(HeaderNames.MessageId) == $"{id:D}");

    private List<ReceivedMail> Sent(Guid id) => Sent(_worker, id);

    private static List<ReceivedMail> Sent(RunningWorker worker, Guid id) => [.. worker.Sink.Mails.All().Where(mail => mail.MessageId.StartsWith($"{id:D}", StringComparison.Ordinal))];

    private List<ReceivedMail> To(string address) => [.. _worker.Sink.Mails.All().Where(mail => mail.Recipients.Contains(address))];

    private Task DoneAsync() => Eventually.Until(
        () => _worker.Kafka.Records.Lag(_worker.Topics.Group, _worker.Topics.Mails) == 0, null, "all records are done with");
}
