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
        Due, "customer-1"u8.ToArray(), "{}"u8.ToArray(), [new RecordHeader("MessageId", "x"u8.ToArray()), new RecordHeader("Odd", new byte[] { 0xFF, 0 })]);

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
    public async Task A_copy_is_produced_again_until_it_is_published()
    {
        var record = Make.Record(attempt: 0);
        await Store.Schedules.StoreAsync(record, Copy);

        (await Store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.OutboxPending);
        (await Store.Mails.MarkPublishedAsync(record.Identity)).ShouldBeTrue();
        (await Store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.Stale);
        await Store.ClaimAsync(record.Next(attempt: 1), Worker);
        (await Store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.Stale);
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
            (await Store.Schedules.StoreAsync(record, Copy)).ShouldBe(ClaimDecision.Stale);
        (await Store.Mails.ClaimAsync(record.Next(attempt: 1), Worker)).ShouldBeOfType<ClaimResult.Stale>();
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
    public async Task A_copy_that_is_missing_is_claimed_once_in_a_while()
    {
        await using var store = await Store.OpenMigratedAsync();
        var record = Make.Record(attempt: 0);
        await store.Schedules.StoreAsync(record, Copy);
        (await store.Schedules.ClaimMissingAsync(TimeSpan.FromMinutes(1), 10)).ShouldBeEmpty("it may be under way");

        await AgeAsync("outbox_at = now() - interval '2 minutes'");
        var missing = (await store.Schedules.ClaimMissingAsync(TimeSpan.FromMinutes(1), 10)).ShouldHaveSingleItem();
        missing.Identity.ShouldBe(record.Identity);
        missing.Record.Due.ShouldBe(Due);
        missing.Record.Value.ShouldBe(Copy.Value);
        missing.Record.Key.ShouldBe(Copy.Key);
        missing.Record.Headers.Select(header => (header.Name, Convert.ToHexString(header.Value!))).ShouldBe([("MessageId", "78"), ("Odd", "FF00")]);
        (await store.Schedules.ClaimMissingAsync(TimeSpan.FromMinutes(1), 10)).ShouldBeEmpty("it was claimed");

        await store.Mails.MarkPublishedAsync(record.Identity);
        await AgeAsync("outbox_at = now() - interval '2 days'");
        (await store.Schedules.ClaimMissingAsync(TimeSpan.FromMinutes(1), 10)).ShouldBeEmpty("it is not due");

        await AgeAsync("next_attempt_at = now() - interval '2 minutes'");
        (await store.Schedules.ClaimMissingAsync(TimeSpan.FromMinutes(1), 10)).Count.ShouldBe(1, "it is late");
        await AgeAsync("next_attempt_at = now() - interval '15 minutes', outbox_at = now() - interval '5 minutes'");
        (await store.Schedules.ClaimMissingAsync(TimeSpan.FromMinutes(1), 10)).ShouldBeEmpty("produced when it was 10 minutes late, it comes again at 20");
        await AgeAsync("next_attempt_at = now() - interval '21 minutes', outbox_at = now() - interval '11 minutes'");
        (await store.Schedules.ClaimMissingAsync(TimeSpan.FromMinutes(1), 10)).Count.ShouldBe(1);

        Task AgeAsync(string set) => store.ExecuteAsync($"UPDATE email.mails SET {set} WHERE id = $1", record.Identity.MailId);
    }

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
