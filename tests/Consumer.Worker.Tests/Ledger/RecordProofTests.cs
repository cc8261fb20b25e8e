using Consumer.Worker.Ledger;
using NUnit.Framework;
using Persistence.Ledger;
using Persistence.Mails;
using Shouldly;

namespace Consumer.Worker.Tests.Ledger;

internal sealed class RecordProofTests
{
    internal static IEnumerable<RowFacts> EveryRow(bool otherContent = false) =>
        from epoch in new[] { 0, 1 }
        from attempt in new[] { 0, 1, 2 }
        from state in Enum.GetValues<MailState>()
        from outboxEntry in new OutboxKind?[] { null, OutboxKind.Redelivery, OutboxKind.DeadLetter }
        from published in new[] { false, true }
        from holder in new[] { Holder.Lapsed, Holder.Live }
        select new RowFacts(epoch, attempt, state, outboxEntry, published, holder, otherContent);

    private static IEnumerable<(int Epoch, int Attempt)> EveryRecord() =>
        from epoch in new[] { 0, 1, 2 } from attempt in new[] { 1, 2, 3 } select (epoch, attempt);

    [Test]
    public void A_record_that_a_worker_would_still_drop_is_proven_by_its_row()
    {
        foreach (var row in EveryRow())
        {
            foreach (var (epoch, attempt) in EveryRecord().Where(record => Transitions.Decide(row, record.Epoch, record.Attempt) == ClaimDecision.Stale))
                Judge(row, false, epoch, attempt).ShouldBe(RecordVerdict.Row, $"{row} {epoch} {attempt}");
        }
    }

    [Test]
    public void A_record_past_the_row_that_a_worker_would_still_claim_was_never_worked_on()
    {
        foreach (var row in EveryRow())
        {
            foreach (var (epoch, attempt) in EveryRecord())
            {
                var decision = Transitions.Decide(row with { Holder = Holder.Lapsed }, epoch, attempt);
                var isPast = (epoch, attempt).CompareTo((row.Epoch, row.Attempt)) > 0;
                if (isPast && decision is ClaimDecision.Claim or ClaimDecision.Raise or ClaimDecision.TakeOver)
                    (Judge(row, false, epoch, attempt) == RecordVerdict.RowBehind).ShouldBe(isPast, $"{row} {epoch} {attempt}");
            }
        }
    }

    [Test]
    public void A_record_that_its_row_has_come_to_is_proven_whatever_the_state()
    {
        foreach (var row in EveryRow().Where(row => row.Attempt > 0))
            Judge(row, false, row.Epoch, row.Attempt).ShouldBe(RecordVerdict.Row);
    }

    [Test]
    public void The_record_of_a_scheduled_mail_that_is_stored_is_proven_and_one_of_a_later_epoch_is_not()
    {
        foreach (var state in new[] { MailState.Scheduled, MailState.Queued })
        {
            var row = new RowFacts(0, 0, state, OutboxKind.Schedule, state == MailState.Queued, Holder.Lapsed, false);
            Judge(row, false, row.Epoch, 1).ShouldBe(RecordVerdict.Row);
            Judge(row, false, row.Epoch + 1, 1).ShouldBe(RecordVerdict.RowBehind);
        }
    }

    [Test]
    public void The_record_that_a_hold_put_into_the_row_is_proven_and_one_of_a_later_epoch_is_not([Values] bool goesOn)
    {
        var row = new RowFacts(1, 1, goesOn ? MailState.Queued : MailState.Held, OutboxKind.Schedule, false, Holder.Lapsed, false);
        Judge(row, false, 1, 1).ShouldBe(RecordVerdict.Row);
        Judge(row, false, 1, 2).ShouldBe(RecordVerdict.Row);
        Judge(row, false, 2, 1).ShouldBe(RecordVerdict.RowBehind);
    }

    [Test]
    public void Without_a_row_a_failure_speaks_for_a_record_and_nothing_else_does()
    {
        Judge(null, true, 0, 1).ShouldBe(RecordVerdict.Failure);
        Judge(null, false, 0, 1).ShouldBe(RecordVerdict.NoRow);
    }

    [Test]
    public void Another_mail_under_the_same_id_needs_a_failure_of_its_own()
    {
        foreach (var row in EveryRow(otherContent: true))
        {
            Judge(row, false, 0, 1).ShouldBe(RecordVerdict.OtherMail);
            Judge(row, true, 0, 1).ShouldBe(RecordVerdict.Failure);
            Judge(row, false, 2, 3).ShouldBe(RecordVerdict.OtherMail, "whatever its headers say");
        }
    }

    [Test]
    public void What_retention_may_have_removed_is_not_missing_but_a_row_that_waits_is()
    {
        RecordProof.Judge(new LedgerEntry(null, false), 0, 1, isRemoved: true).ShouldBe(RecordVerdict.Removed);
        RecordProof.Judge(new LedgerEntry(null, true), 0, 1, isRemoved: true).ShouldBe(RecordVerdict.Failure);
        var waiting = new RowFacts(0, 1, MailState.Queued, OutboxKind.Redelivery, true, Holder.Lapsed, false);
        RecordProof.Judge(new LedgerEntry(waiting, false), 0, 2, isRemoved: true).ShouldBe(RecordVerdict.RowBehind);
        RecordProof.Judge(new LedgerEntry(waiting with { OtherContent = true }, false), 0, 1, isRemoved: true).ShouldBe(RecordVerdict.Removed);
    }

    private static RecordVerdict Judge(RowFacts? row, bool hasFailure, int epoch, int attempt) =>
        RecordProof.Judge(new LedgerEntry(row, hasFailure), epoch, attempt, isRemoved: false);
}
