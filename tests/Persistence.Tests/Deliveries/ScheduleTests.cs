using NUnit.Framework;
using Persistence.Deliveries;
using Persistence.Failures;
using Persistence.Text;
using Shouldly;

namespace Persistence.Tests.Deliveries;

/// <summary>Scheduled mails in the books, and mails that are called back.</summary>
public sealed class ScheduleTests : BooksTests
{
    private static readonly DateTimeOffset Due = new(2030, 1, 31, 8, 0, 0, TimeSpan.Zero);

    private static readonly ScheduledRecord Copy = new(
        Due, "customer-1"u8.ToArray(), "{}"u8.ToArray(), [new RecordHeader("MessageId", "x"u8.ToArray()), new RecordHeader("Odd", new byte[] { 0xFF, 0 })]);

    [Test]
    public async Task A_kept_mail_is_scheduled_with_its_bytes_until_it_is_claimed()
    {
        var record = Make.Record(attempt: 0);
        (await Books.Schedules.KeepAsync(record, Copy)).ShouldBe(ClaimDecision.Claim);

        var mail = await Books.MailAsync(record.Identity.MailId);
        (mail.State, mail.Attempt).ShouldBe((MailState.Scheduled, 0));
        mail.HandOver.ShouldBe(HandOverKind.Schedule);
        mail.ScheduledAt.ShouldBe(Due);
        mail.NextAttemptAt.ShouldBe(Due);
        mail.Recipients.ShouldHaveSingleItem().Outcome.ShouldBe(RecipientOutcome.Pending);
        (await KeptAsync(mail.Id)).ShouldBe(3);

        var claim = await Books.ClaimAsync(record.Next(attempt: 1), Worker);
        claim.OpenRecipients.ShouldHaveSingleItem();
        (await KeptAsync(mail.Id)).ShouldBe(0);
        (await Books.MailAsync(mail.Id)).ScheduledAt.ShouldBe(Due);
    }

    [Test]
    public async Task A_copy_that_was_not_marked_is_to_be_produced_again_and_one_that_was_is_not()
    {
        var record = Make.Record(attempt: 0);
        await Books.Schedules.KeepAsync(record, Copy);

        (await Books.Schedules.KeepAsync(record, Copy)).ShouldBe(ClaimDecision.HandOverPending);
        (await Books.Deliveries.MarkHandedOverAsync(record.Identity)).ShouldBeTrue();
        (await Books.Schedules.KeepAsync(record, Copy)).ShouldBe(ClaimDecision.Stale);
        await Books.ClaimAsync(record.Next(attempt: 1), Worker);
        (await Books.Schedules.KeepAsync(record, Copy)).ShouldBe(ClaimDecision.Stale);
    }

    [Test]
    public async Task Another_mail_under_the_same_id_is_a_conflict_before_it_is_due()
    {
        var record = Make.Record(attempt: 0);
        await Books.Schedules.KeepAsync(record, Copy);

        (await Books.Schedules.KeepAsync(Make.Record(record.Identity.MailId, attempt: 0, content: "other", offset: 8), Copy)).ShouldBe(ClaimDecision.IdempotencyConflict);
    }

    [Test]
    public async Task The_statement_and_the_pure_table_agree_on_every_row([Values] MailState state)
    {
        var lapsed = await Books.StartWorkerAsync("lapsed:2");
        await Books.LoseLeaseAsync(lapsed);
        var live = await Books.StartWorkerAsync("live:2");
        var disagreements = new List<string>();
        foreach (var row in
            from start in new[] { (Generation: 0, Attempt: 0), (Generation: 1, Attempt: 0), (Generation: 1, Attempt: 1), (Generation: 2, Attempt: 3) }
            from handOver in new HandOverKind?[] { null, HandOverKind.Schedule, HandOverKind.Redelivery, HandOverKind.DeadLetter }
            from marked in handOver is null ? [false] : new[] { false, true }
            from holder in state == MailState.Sending ? [Holder.Live, Holder.Lapsed] : new[] { Holder.Lapsed }
            from otherContent in new[] { false, true }
            // A claim is attempt 1 at the least.
            where state != MailState.Sending || start.Attempt > 0
            select new RowFacts(start.Generation, start.Attempt, state, handOver, marked, holder, otherContent))
        {
            foreach (var generation in new[] { 0, 1, 2 })
            {
                var record = Make.Record(generation: generation, attempt: 0);
                await SeedAsync(record, row, row.Holder == Holder.Live ? live : lapsed);
                var table = Transitions.Decide(row, generation, 0);
                var said = await Books.Schedules.KeepAsync(record, Copy);
                var mail = await Books.MailAsync(record.Identity.MailId);
                var kept = (mail.State, mail.Generation, mail.Attempt, mail.HandOver) == (MailState.Scheduled, generation, 0, HandOverKind.Schedule);
                var agrees = table is ClaimDecision.Claim or ClaimDecision.Raise
                    ? said == ClaimDecision.Claim && kept
                    : said == table && (mail.State, mail.Generation, mail.Attempt) == (row.State, row.Generation, row.Attempt);
                if (!agrees)
                    disagreements.Add($"{row}, generation {generation}: table {table}, statement {said}");
            }
        }

        disagreements.ShouldBeEmpty();
    }

    [Test]
    public async Task A_mail_that_waits_is_canceled_and_every_record_of_it_is_stale()
    {
        var scheduled = Make.Record(attempt: 0);
        await Books.Schedules.KeepAsync(scheduled, Copy);
        (await CancelAsync(scheduled)).ShouldBe(CancelResult.Canceled);
        (await KeptAsync(scheduled.Identity.MailId)).ShouldBe(0);
        (await Books.Schedules.KeepAsync(scheduled, Copy)).ShouldBe(ClaimDecision.Stale);
        (await Books.Deliveries.ClaimAsync(scheduled.Next(attempt: 1), Worker)).ShouldBeOfType<ClaimResult.Stale>();

        var redelivered = Make.Record();
        var claim = await Books.ClaimAsync(redelivered, Worker);
        await Books.Deliveries.RecordHandOverAsync(redelivered, claim.FencingToken, new HandOver.Redelivery(2, Due, "451"), []);
        (await CancelAsync(redelivered)).ShouldBe(CancelResult.Canceled);
        (await Books.Deliveries.ClaimAsync(redelivered, Worker)).ShouldBeOfType<ClaimResult.Stale>().State.ShouldBe(MailState.Canceled);
        (await Books.Deliveries.ClaimAsync(redelivered.Next(attempt: 2), Worker)).ShouldBeOfType<ClaimResult.Stale>();
        (await CancelAsync(redelivered)).ShouldBe(CancelResult.Canceled, "twice is once");
        (await Books.MailAsync(redelivered.Identity.MailId)).Generation.ShouldBe(1);
    }

    [Test]
    public async Task A_mail_without_a_row_is_canceled_before_its_record_is_read([Values] bool scheduled)
    {
        var record = Make.Record(attempt: scheduled ? 0 : 1);
        (await Books.Schedules.CancelAsync(record.Identity.MailId, "ann", accepted: false)).ShouldBe(CancelResult.NotFound);
        (await CancelAsync(record)).ShouldBe(CancelResult.Canceled);

        if (scheduled)
            (await Books.Schedules.KeepAsync(record, Copy)).ShouldBe(ClaimDecision.Stale);
        (await Books.Deliveries.ClaimAsync(record.Next(attempt: 1), Worker)).ShouldBeOfType<ClaimResult.Stale>();
        (await Books.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Canceled);
    }

    [Test]
    public async Task A_mail_that_is_being_sent_or_has_ended_is_not_canceled()
    {
        var record = Make.Record();
        var claim = await Books.ClaimAsync(record, Worker);
        (await CancelAsync(record)).ShouldBe(CancelResult.Refused);
        await Books.Deliveries.RecordSentAsync(record, claim.FencingToken, [new RecipientAnswer("b@example.com", RecipientOutcome.Accepted, 250)]);
        (await CancelAsync(record)).ShouldBe(CancelResult.Refused);
        (await Books.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sent);

        var dead = Make.Record();
        await Books.DieAsync(dead, Worker);
        (await CancelAsync(dead)).ShouldBe(CancelResult.Refused);
    }

    [Test]
    public async Task A_mail_that_somebody_has_got_or_may_have_is_not_canceled([Values(RecipientOutcome.Accepted, RecipientOutcome.Unknown)] RecipientOutcome outcome)
    {
        var record = Make.Record();
        var claim = await Books.ClaimAsync(record, Worker);
        await Books.Deliveries.RecordHandOverAsync(
            record, claim.FencingToken, new HandOver.Redelivery(2, Due, "451"), [new RecipientAnswer("b@example.com", outcome)]);

        (await CancelAsync(record)).ShouldBe(CancelResult.Refused);
        (await Books.Deliveries.ClaimAsync(record.Next(attempt: 2), Worker)).ShouldBeOfType<ClaimResult.Claimed>();
    }

    [Test]
    public async Task Canceling_a_replayed_mail_resolves_its_failure_and_says_so_in_the_audit()
    {
        var record = Make.Record();
        await Books.DieAsync(record, Worker);
        var failure = (await Books.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId))).FailureId;
        await Books.Failures.RequestReplayAsync(failure, "ann", null);
        await Books.Failures.MarkReplayedAsync(failure);

        (await CancelAsync(record)).ShouldBe(CancelResult.Canceled);

        (await Books.Failures.FindAsync(failure))!.Status.ShouldBe(FailureStatus.Resolved);
        (await Books.ScalarAsync<string>("SELECT actor || ': ' || reason FROM email.failure_actions WHERE failure_id = $1 ORDER BY at DESC LIMIT 1", failure))
            .ShouldBe("ann: The mail was canceled.");
    }

    [Test]
    public async Task A_copy_that_is_missing_is_taken_on_once_in_a_while()
    {
        await using var books = await Books.OpenMigratedAsync();
        var record = Make.Record(attempt: 0);
        await books.Schedules.KeepAsync(record, Copy);
        (await books.Schedules.TakeMissingAsync(TimeSpan.FromMinutes(1), 10)).ShouldBeEmpty("it may be under way");

        await AgeAsync("hand_over_at = now() - interval '2 minutes'");
        var missing = (await books.Schedules.TakeMissingAsync(TimeSpan.FromMinutes(1), 10)).ShouldHaveSingleItem();
        missing.Identity.ShouldBe(record.Identity);
        missing.Record.Due.ShouldBe(Due);
        missing.Record.Value.ShouldBe(Copy.Value);
        missing.Record.Key.ShouldBe(Copy.Key);
        missing.Record.Headers.Select(header => (header.Name, Convert.ToHexString(header.Value!.Value.Span))).ShouldBe([("MessageId", "78"), ("Odd", "FF00")]);
        (await books.Schedules.TakeMissingAsync(TimeSpan.FromMinutes(1), 10)).ShouldBeEmpty("it was taken on");

        await books.Deliveries.MarkHandedOverAsync(record.Identity);
        await AgeAsync("hand_over_at = now() - interval '2 days'");
        (await books.Schedules.TakeMissingAsync(TimeSpan.FromMinutes(1), 10)).ShouldBeEmpty("it is not due");

        await AgeAsync("next_attempt_at = now() - interval '2 minutes'");
        (await books.Schedules.TakeMissingAsync(TimeSpan.FromMinutes(1), 10)).Count.ShouldBe(1, "it is late");
        await AgeAsync("next_attempt_at = now() - interval '15 minutes', hand_over_at = now() - interval '5 minutes'");
        (await books.Schedules.TakeMissingAsync(TimeSpan.FromMinutes(1), 10)).ShouldBeEmpty("produced when it was 10 minutes late, it comes again at 20");
        await AgeAsync("next_attempt_at = now() - interval '21 minutes', hand_over_at = now() - interval '11 minutes'");
        (await books.Schedules.TakeMissingAsync(TimeSpan.FromMinutes(1), 10)).Count.ShouldBe(1);

        Task AgeAsync(string set) => books.ExecuteAsync($"UPDATE email.deliveries SET {set} WHERE id = $1", record.Identity.MailId);
    }

    private Task<CancelResult> CancelAsync(MailRecord record) => Books.Schedules.CancelAsync(record.Identity.MailId, "ann", accepted: true);

    private Task<int> KeptAsync(Guid id) => Books.ScalarAsync<int>("SELECT num_nonnulls(kept_key, kept_value, kept_headers) FROM email.deliveries WHERE id = $1", id);

    private Task SeedAsync(MailRecord record, RowFacts row, Guid holder) => Books.ExecuteAsync(
        """
        INSERT INTO email.deliveries (id, generation, attempt, state, hand_over, hand_over_marked_at, worker_id, fencing_token,
            first_topic, first_partition, first_offset, content_hash, unknown_outcomes, claimed_at)
        VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END, $7, 5, $8, $9, $10, $11, 0, now())
        """,
        record.Identity.MailId, row.Generation, row.Attempt, row.State.ToText(),
        (object?)row.HandOver?.ToText() ?? DBNull.Value, row.HandOverMarked, holder,
        record.Topic, record.Partition, row.OtherContent ? record.Offset + 1 : record.Offset,
        row.OtherContent ? new byte[] { 1 } : record.ContentHash);
}
