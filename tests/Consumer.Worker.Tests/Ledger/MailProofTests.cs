using Consumer.Worker.Ledger;
using NUnit.Framework;
using Persistence.Ledger;
using Persistence.Mails;
using Shouldly;

namespace Consumer.Worker.Tests.Ledger;

internal sealed class MailProofTests
{
    private static readonly Guid Id = Guid.NewGuid();

    private static IEnumerable<OpenMail> EveryOpenMail() =>
        from row in RecordProofTests.EveryRow()
        where row.State is MailState.Scheduled or MailState.Queued or MailState.Sending or MailState.Dead
        // What the statements write: a dead mail has a dead letter's outbox entry, a queued one none or a redelivery's, a sending one none.
        where row.State != MailState.Dead || row.OutboxEntry == OutboxKind.DeadLetter
        where row.State == MailState.Dead || row.OutboxEntry != OutboxKind.DeadLetter
        where row.State != MailState.Sending || (row.OutboxEntry is null && row.Attempt > 0)
        where row.OutboxEntry is not null || !row.OutboxPublished
        where row.OutboxEntry is null || row.Attempt > 0
        select Mail(row);

    [Test]
    public void The_record_that_is_said_to_be_needed_moves_the_mail_on()
    {
        var waiting = EveryOpenMail().Where(mail => MailProof.Waits(mail) == Mover.Record).ToList();
        waiting.Count.ShouldBeGreaterThan(20);
        foreach (var mail in waiting)
        {
            var needed = MailProof.Needed(mail);
            MailProof.IsMovedBy(mail, needed.Epoch, needed.Attempt).ShouldBeTrue(mail.ToString());
        }
    }

    [Test]
    public void Records_that_the_mail_is_past_do_not_move_it()
    {
        foreach (var mail in EveryOpenMail())
        {
            MailProof.IsMovedBy(mail, mail.Row.Epoch - 1, 9).ShouldBeFalse();
            MailProof.IsMovedBy(mail, mail.Row.Epoch, mail.Row.Attempt - 1).ShouldBeFalse();
        }
    }

    [Test]
    public void A_redelivery_that_was_published_waits_for_its_copy_and_not_for_the_old_record()
    {
        var mail = Mail(new RowFacts(0, 2, MailState.Queued, OutboxKind.Redelivery, true, Holder.Lapsed, false), nextAttempt: 3);

        MailProof.Waits(mail).ShouldBe(Mover.Record);
        MailProof.IsMovedBy(mail, 0, 2).ShouldBeFalse();
        MailProof.IsMovedBy(mail, 0, 3).ShouldBeTrue();
        MailProof.Needed(mail).ShouldBe(new RecordIdentity(Id, 0, 3));
    }

    [Test]
    public void A_redelivery_that_may_not_have_been_produced_is_moved_by_the_old_record_too()
    {
        var mail = Mail(new RowFacts(0, 2, MailState.Queued, OutboxKind.Redelivery, false, Holder.Lapsed, false), nextAttempt: 3);

        MailProof.IsMovedBy(mail, 0, 2).ShouldBeTrue();
        MailProof.IsMovedBy(mail, 0, 3).ShouldBeTrue();
    }

    [Test]
    public void A_mail_that_is_being_sent_is_moved_by_its_worker_as_long_as_the_lease_lasts()
    {
        MailProof.Waits(Mail(new RowFacts(0, 1, MailState.Sending, null, false, Holder.Live, false))).ShouldBe(Mover.Lease);
        MailProof.Waits(Mail(new RowFacts(0, 1, MailState.Sending, null, false, Holder.Lapsed, false))).ShouldBe(Mover.Record);
    }

    [Test]
    public void A_replay_that_was_asked_for_is_moved_by_the_sweep_until_it_is_produced()
    {
        var row = new RowFacts(1, 0, MailState.Queued, null, false, Holder.Lapsed, false);
        MailProof.Waits(Mail(row) with { ReplayPending = true }).ShouldBe(Mover.Replay);
        MailProof.Waits(Mail(row)).ShouldBe(Mover.Record);
        MailProof.Needed(Mail(row)).ShouldBe(new RecordIdentity(Id, 1, 1));
    }

    [Test]
    public void A_scheduled_mail_that_is_stored_waits_for_its_time_alone() =>
        MailProof.Waits(Mail(new RowFacts(0, 0, MailState.Scheduled, OutboxKind.Redelivery, false, Holder.Lapsed, false))).ShouldBe(Mover.Schedule);

    [Test]
    public void A_mail_that_a_hold_has_waits_for_its_end_alone_and_once_it_is_produced_for_its_record()
    {
        MailProof.Waits(Mail(new RowFacts(0, 1, MailState.Held, OutboxKind.Schedule, false, Holder.Lapsed, false))).ShouldBe(Mover.Schedule);
        MailProof.Waits(Mail(new RowFacts(0, 1, MailState.Queued, OutboxKind.Schedule, false, Holder.Lapsed, false))).ShouldBe(Mover.Schedule);
        var produced = Mail(new RowFacts(0, 1, MailState.Queued, OutboxKind.Schedule, true, Holder.Lapsed, false), nextAttempt: 2);
        MailProof.Waits(produced).ShouldBe(Mover.Record);
        MailProof.Needed(produced).ShouldBe(new RecordIdentity(Id, 0, 2));
        MailProof.IsMovedBy(produced, 0, 1).ShouldBeFalse();
        MailProof.IsMovedBy(produced, 0, 2).ShouldBeTrue();
    }

    [Test]
    public void A_dead_mail_without_a_failure_waits_for_the_dead_letter_of_its_epoch()
    {
        var mail = Mail(new RowFacts(1, 1, MailState.Dead, OutboxKind.DeadLetter, true, Holder.Lapsed, false));

        MailProof.Waits(mail).ShouldBe(Mover.DeadLetter);
        MailProof.IsEndedBy(mail, 1).ShouldBeTrue();
        MailProof.IsEndedBy(mail, 0).ShouldBeFalse();
    }

    private static OpenMail Mail(RowFacts row, int? nextAttempt = null) => new() { Id = Id, Row = row, NextAttempt = nextAttempt };
}
