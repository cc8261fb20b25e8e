using Contracts;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Text;
using Shouldly;

namespace Persistence.Tests.Mails;

/// <summary>Scheduled mails in the database, and mails that are canceled.</summary>
public sealed class ScheduleTests : StoreTests
{
    private static readonly DateTimeOffset Due = new(2030, 1, 31, 8, 0, 0, TimeSpan.Zero);

    private static readonly ScheduledRecord Copy = new(
        Due, new WaitingRecord("customer-1"u8.ToArray(), "{}"u8.ToArray(), [new RecordHeader("MessageId", "x"u8.ToArray()), new RecordHeader("Odd", new byte[] { 0xFF, 0 })]));

    [Test]
    public async Task A_scheduled_mail_is_stored_with_its_bytes_until_it_is_claimed()
    {
        var record = Make.Record(attempt: 0);
        (await Store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.Claim);

        var mail = await Store.MailAsync(record.Identity.MailId);
        (mail.State, mail.Attempt).ShouldBe((MailState.Scheduled, 0));
        mail.OutboxEntry.ShouldBe(OutboxKind.Schedule);
        mail.ScheduledAt.ShouldBe(Due);
        mail.NextAttemptAt.ShouldBe(Due);
        mail.Recipients.ShouldHaveSingleItem().Outcome.ShouldBe(RecipientOutcome.Pending);
        (await StoredAsync(mail.Id)).ShouldBe(3);

        var claim = await Store.ClaimAsync(record.Next(attempt: 1), Worker);
        claim.OpenRecipients.ShouldHaveSingleItem();
        (await StoredAsync(mail.Id)).ShouldBe(0);
        (await Store.MailAsync(mail.Id)).ScheduledAt.ShouldBe(Due);
    }

    [Test]
    public async Task A_mail_is_stored_once_and_its_record_is_due_once_the_mail_was_published()
    {
        await using var store = await Store.OpenMigratedAsync();
        var worker = await store.StartWorkerAsync();
        var record = Make.Record(attempt: 0);
        await store.Schedules.StoreAsync(record, Copy);

        (await store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.OutboxPending);
        await DueAsync(store, record);
        await store.Schedules.MarkPublishedAsync(await store.Schedules.TakeDueAsync(10, Timeout));
        (await store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Queued);
        // By a clock that is behind that of Postgres.
        (await store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.Due);
        await store.ClaimAsync(record.Next(attempt: 1), worker);
        (await store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.Due, "the worker that claimed it may be dead, or the record a redelivery");
    }

    [Test]
    public async Task A_record_that_is_read_before_its_sweep_has_marked_the_mail_is_due_whatever_the_reader_s_clock_says([Values] bool held)
    {
        await using var store = await Store.OpenMigratedAsync();
        var worker = await store.StartWorkerAsync();
        var record = Make.Record(attempt: 0);
        await store.Schedules.StoreAsync(record, Copy);
        await DueAsync(store, record);
        // As the end of a hold leaves a mail that was due when it was first read.
        if (held)
            await store.ExecuteAsync("UPDATE email.mails SET state = 'queued', scheduled_at = NULL WHERE id = $1", record.Identity.MailId);
        var taken = await store.Schedules.TakeDueAsync(10, Timeout);

        (await store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.Due, "nobody produces it once it is marked");
        await store.ClaimAsync(record.Next(attempt: 1), worker);
        await store.Schedules.MarkPublishedAsync(taken);
        (await store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sending);
    }

    [Test]
    public async Task Another_mail_under_the_same_id_is_a_conflict_before_it_is_due()
    {
        var record = Make.Record(attempt: 0);
        await Store.Schedules.StoreAsync(record, Copy);

        (await Store.Schedules.StoreAsync(Make.Record(record.Identity.MailId, attempt: 0, content: "other", offset: 8), Copy)).ShouldBe(ClaimDecision.IdempotencyConflict);
    }

    [Test]
    public async Task The_statement_and_the_pure_table_agree_on_every_row([Values] MailState state)
    {
        var lapsed = await Store.StartWorkerAsync("lapsed:2");
        await Store.LoseLeaseAsync(lapsed);
        var live = await Store.StartWorkerAsync("live:2");
        var disagreements = new List<string>();
        foreach (var row in
            from start in new[] { (Epoch: 0, Attempt: 0), (Epoch: 1, Attempt: 0), (Epoch: 1, Attempt: 1), (Epoch: 2, Attempt: 3) }
            from outboxEntry in new OutboxKind?[] { null, OutboxKind.Schedule, OutboxKind.Redelivery, OutboxKind.DeadLetter }
            from published in outboxEntry is null ? [false] : new[] { false, true }
            from holder in state == MailState.Sending ? [Holder.Live, Holder.Lapsed] : new[] { Holder.Lapsed }
            from otherContent in new[] { false, true }
            // A claim is attempt 1 at the least.
            where state != MailState.Sending || start.Attempt > 0
            select new RowFacts(start.Epoch, start.Attempt, state, outboxEntry, published, holder, otherContent))
        {
            foreach (var epoch in new[] { 0, 1, 2 })
            {
                var record = Make.Record(epoch: epoch, attempt: 0);
                await SeedAsync(record, row, row.Holder == Holder.Live ? live : lapsed);
                var table = Transitions.Decide(row, epoch, 0);
                // What was claimed before is the claim's to decide.
                if (table == ClaimDecision.Stale && row.Epoch == epoch && row.Attempt > 0)
                    table = ClaimDecision.Due;
                var said = await Store.Schedules.StoreAsync(record, Copy);
                var mail = await Store.MailAsync(record.Identity.MailId);
                var stored = (mail.State, mail.Epoch, mail.Attempt, mail.OutboxEntry) == (MailState.Scheduled, epoch, 0, OutboxKind.Schedule);
                var agrees = table is ClaimDecision.Claim or ClaimDecision.Raise
                    ? said == ClaimDecision.Claim && stored
                    : said == table && (mail.State, mail.Epoch, mail.Attempt) == (row.State, row.Epoch, row.Attempt);
                if (!agrees)
                    disagreements.Add($"{row}, epoch {epoch}: table {table}, statement {said}");
            }
        }

        disagreements.ShouldBeEmpty();
    }

    [Test]
    public async Task A_mail_that_waits_is_canceled_and_every_record_of_it_is_stale()
    {
        var scheduled = Make.Record(attempt: 0);
        await Store.Schedules.StoreAsync(scheduled, Copy);
        (await CancelAsync(scheduled)).ShouldBe(CancelResult.Canceled);
        (await StoredAsync(scheduled.Identity.MailId)).ShouldBe(0);
        (await Store.Schedules.StoreAsync(scheduled, Copy)).ShouldBe(ClaimDecision.Stale);
        (await Store.Mails.ClaimAsync(scheduled.Next(attempt: 1), Worker)).ShouldBeOfType<ClaimResult.Stale>();

        var redelivered = Make.Record();
        var claim = await Store.ClaimAsync(redelivered, Worker);
        await Store.Mails.WriteOutboxEntryAsync(redelivered, claim.FencingToken, new OutboxEntry.Redelivery(2, Due, "451"), []);
        (await CancelAsync(redelivered)).ShouldBe(CancelResult.Canceled);
        (await Store.Mails.ClaimAsync(redelivered, Worker)).ShouldBeOfType<ClaimResult.Stale>().State.ShouldBe(MailState.Canceled);
        (await Store.Mails.ClaimAsync(redelivered.Next(attempt: 2), Worker)).ShouldBeOfType<ClaimResult.Stale>();
        (await CancelAsync(redelivered)).ShouldBe(CancelResult.Canceled, "twice is once");
        (await Store.MailAsync(redelivered.Identity.MailId)).Epoch.ShouldBe(1);
    }

    [Test]
    public async Task A_mail_without_a_row_is_canceled_before_its_record_is_read([Values] bool scheduled)
    {
        var record = Make.Record(attempt: scheduled ? 0 : 1);
        (await Store.Schedules.CancelAsync(record.Identity.MailId, "ann", accepted: false)).ShouldBe(CancelResult.NotFound);
        (await CancelAsync(record)).ShouldBe(CancelResult.Canceled);

        if (scheduled)
            (await Store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.Due, "the claim says what became of it");
        (await Store.Mails.ClaimAsync(record.Next(attempt: 1), Worker)).ShouldBeOfType<ClaimResult.Stale>().IsUnmet.ShouldBeTrue();
        if (scheduled)
            (await Store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.Stale);
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Canceled);
    }

    [Test]
    public async Task A_mail_that_is_being_sent_or_was_sent_or_is_dead_is_not_canceled()
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        (await CancelAsync(record)).ShouldBe(CancelResult.Refused);
        await Store.Mails.RecordSentAsync(record, claim.FencingToken, [new RecipientReply("b@example.com", RecipientOutcome.Accepted, 250)]);
        (await CancelAsync(record)).ShouldBe(CancelResult.Refused);
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sent);

        var dead = Make.Record();
        await Store.DieAsync(dead, Worker);
        (await CancelAsync(dead)).ShouldBe(CancelResult.Refused);
    }

    [Test]
    public async Task A_mail_that_a_recipient_has_or_may_have_is_not_canceled([Values(RecipientOutcome.Accepted, RecipientOutcome.Unknown)] RecipientOutcome outcome)
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.WriteOutboxEntryAsync(
            record, claim.FencingToken, new OutboxEntry.Redelivery(2, Due, "451"), [new RecipientReply("b@example.com", outcome)]);

        (await CancelAsync(record)).ShouldBe(CancelResult.Refused);
        (await Store.Mails.ClaimAsync(record.Next(attempt: 2), Worker)).ShouldBeOfType<ClaimResult.Claimed>();
    }

    [Test]
    public async Task Canceling_a_replayed_mail_resolves_its_failure_and_says_so_in_the_audit()
    {
        var record = Make.Record();
        await Store.DieAsync(record, Worker);
        var failure = (await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId))).FailureId;
        await Store.Failures.RequestReplayAsync(failure, "ann", null);
        await Store.Failures.MarkReplayedAsync(failure);

        (await CancelAsync(record)).ShouldBe(CancelResult.Canceled);

        (await Store.Failures.FindAsync(failure))!.Status.ShouldBe(FailureStatus.Resolved);
        (await Store.ScalarAsync<string>("SELECT actor || ': ' || reason FROM email.failure_actions WHERE failure_id = $1 ORDER BY at DESC LIMIT 1", failure))
            .ShouldBe("ann: The mail was canceled.");
    }

    [Test]
    public async Task What_is_due_is_taken_by_one_process_and_again_after_the_timeout_unless_it_was_published()
    {
        await using var store = await Store.OpenMigratedAsync();
        var record = Make.Record(attempt: 0);
        (await store.Schedules.NextDueAsync()).ShouldBeNull();
        await store.Schedules.StoreAsync(record, Copy);
        (await store.Schedules.TakeDueAsync(10, Timeout)).ShouldBeEmpty("it is not due");
        (await store.Schedules.NextDueAsync())!.Value.ShouldBe(Due - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));

        await DueAsync(store, record);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => store.Schedules.TakeDueAsync(10, Timeout)));
        var due = taken.SelectMany(mails => mails).ShouldHaveSingleItem();
        (due.MailId, due.Epoch, due.ScheduledAt).ShouldBe((record.Identity.MailId, 0, Due));
        due.Record.Value.ShouldBe(Copy.Record.Value);
        due.Record.Key.ShouldBe(Copy.Record.Key);
        due.Record.Headers.Select(header => (header.Name, Convert.ToHexString(header.Value!))).ShouldBe([("MessageId", "78"), ("Odd", "FF00")]);

        await DueAsync(store, record);
        var again = (await store.Schedules.TakeDueAsync(10, Timeout)).ShouldHaveSingleItem();
        await store.Schedules.MarkPublishedAsync([due]);
        (await store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Scheduled, "another process has taken it since, and marks it");
        await store.Schedules.MarkPublishedAsync([again]);
        await store.Schedules.MarkPublishedAsync([again]);
        (await store.Schedules.TakeDueAsync(10, Timeout)).ShouldBeEmpty();
        (await store.Schedules.NextDueAsync()).ShouldBeNull();
    }

    [Test]
    public async Task A_mail_that_was_claimed_or_canceled_meanwhile_is_not_marked_published([Values] bool canceled)
    {
        await using var store = await Store.OpenMigratedAsync();
        var worker = await store.StartWorkerAsync();
        var record = Make.Record(attempt: 0);
        await store.Schedules.StoreAsync(record, Copy);
        await DueAsync(store, record);
        var due = await store.Schedules.TakeDueAsync(10, Timeout);
        if (canceled)
            await store.Schedules.CancelAsync(record.Identity.MailId, "ann", accepted: true);
        else
            await store.ClaimAsync(record.Next(attempt: 1), worker);

        await store.Schedules.MarkPublishedAsync(due);

        (await store.MailAsync(record.Identity.MailId)).State.ShouldBe(canceled ? MailState.Canceled : MailState.Sending);
    }

    [Test]
    public async Task A_mail_that_was_canceled_before_its_record_was_read_is_not_removed_until_then()
    {
        await using var store = await Store.OpenMigratedAsync();
        var worker = await store.StartWorkerAsync();
        var record = Make.Record();
        await store.Schedules.CancelAsync(record.Identity.MailId, "ann", accepted: true);
        var retention = new Persistence.Retention.RetentionStore(store.DataSource);
        async Task<int> RemoveAsync() => (await retention.RemoveAsync(Persistence.Retention.OldRows.Mails, DateTimeOffset.UtcNow.AddDays(1), 10))!.Rows;
        (await RemoveAsync()).ShouldBe(0, "the row is all that stops the mail");
        var canceled = await store.MailAsync(record.Identity.MailId);
        canceled.EndedAt.ShouldNotBeNull();

        (await store.Mails.ClaimAsync(record, worker)).ShouldBe(new ClaimResult.Stale(MailState.Canceled, 1, 0, IsUnmet: true));
        (await store.Mails.ClaimAsync(record, worker)).ShouldBe(new ClaimResult.Stale(MailState.Canceled, 1, 0), "it is known now");
        var mail = await store.MailAsync(record.Identity.MailId);
        mail.ContentHash.ShouldBe(record.ContentHash);
        (mail.Subject, mail.EndedAt).ShouldBe((record.Subject, canceled.EndedAt), "it ended when it was canceled");
        mail.Recipients.ShouldHaveSingleItem().Outcome.ShouldBe(RecipientOutcome.Pending);
        (await RemoveAsync()).ShouldBe(1);
    }

    [Test]
    public async Task Another_mail_under_the_id_of_one_that_was_canceled_is_a_conflict_and_not_dropped([Values] bool scheduled)
    {
        var record = Make.Record();
        await CancelAsync(record);
        await Store.Mails.ClaimAsync(record, Worker);

        var other = Make.Record(record.Identity.MailId, attempt: scheduled ? 0 : 1, content: "other", offset: 8);
        if (scheduled)
            (await Store.Schedules.StoreAsync(other, Copy)).ShouldBe(ClaimDecision.IdempotencyConflict);
        else
            (await Store.Mails.ClaimAsync(other, Worker)).ShouldBeOfType<ClaimResult.IdempotencyConflict>();
    }

    private static TimeSpan Timeout => TimeSpan.FromMinutes(1);

    private static Task DueAsync(Store store, MailRecord record) =>
        store.ExecuteAsync("UPDATE email.mails SET next_attempt_at = now() - interval '1 second' WHERE id = $1", record.Identity.MailId);

    private Task<CancelResult> CancelAsync(MailRecord record) => Store.Schedules.CancelAsync(record.Identity.MailId, "ann", accepted: true);

    private Task<int> StoredAsync(Guid id) => Store.ScalarAsync<int>("SELECT num_nonnulls(stored_key, stored_value, stored_headers) FROM email.mails WHERE id = $1", id);

    private Task SeedAsync(MailRecord record, RowFacts row, Guid holder) => Store.ExecuteAsync(
        """
        INSERT INTO email.mails (id, epoch, attempt, state, outbox_entry, published_at, worker_id, fencing_token,
            first_topic, first_partition, first_offset, content_hash, unknown_outcomes, claimed_at)
        VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END, $7, 5, $8, $9, $10, $11, 0, now())
        """,
        record.Identity.MailId, row.Epoch, row.Attempt, row.State.ToText(),
        (object?)row.OutboxEntry?.ToText() ?? DBNull.Value, row.OutboxPublished, holder,
        record.Topic, record.Partition, row.OtherContent ? record.Offset + 1 : record.Offset,
        row.OtherContent ? new byte[] { 1 } : record.ContentHash);
}
