using NUnit.Framework;
using Persistence.Mails;
using Shouldly;

namespace Persistence.Tests.Mails;

public sealed class TransitionsTests
{
    private static readonly RowFacts Row = new(1, 2, MailState.Queued, null, false, Holder.Lapsed, false);

    private static readonly MailState[] Finished = [MailState.Sent, MailState.Canceled, MailState.Discarded];

    private static IEnumerable<RowFacts> EveryRow() =>
        from state in Enum.GetValues<MailState>()
        from outboxEntry in new OutboxKind?[] { null, OutboxKind.Redelivery, OutboxKind.DeadLetter }
        from published in new[] { false, true }
        from holder in Enum.GetValues<Holder>()
        from otherContent in new[] { false, true }
        select new RowFacts(1, 2, state, outboxEntry, published, holder, otherContent);

    [Test]
    public void A_mail_without_a_row_is_claimed() => Transitions.Decide(null, 3, 4).ShouldBe(ClaimDecision.Claim);

    [Test]
    public void A_record_of_an_older_epoch_or_attempt_never_sends()
    {
        foreach (var row in EveryRow())
        {
            var dropped = row.OtherContent ? ClaimDecision.IdempotencyConflict : ClaimDecision.Stale;
            Transitions.Decide(row, 0, 9).ShouldBe(dropped, row.ToString());
            Transitions.Decide(row, 1, 1).ShouldBe(dropped, row.ToString());
        }
    }

    [Test]
    public void A_mail_that_is_sent_canceled_or_discarded_is_not_sent_again()
    {
        var decisions =
            from row in EveryRow()
            where Finished.Contains(row.State)
            from epoch in new[] { 0, 1, 2 }
            from attempt in new[] { 1, 2, 3 }
            select Transitions.Decide(row, epoch, attempt);
        decisions.Distinct().ShouldBe([ClaimDecision.Stale, ClaimDecision.IdempotencyConflict], ignoreOrder: true);
    }

    [Test]
    public void A_live_lease_protects_a_mail_from_every_later_record([Values(1, 2)] int epoch, [Values(2, 3)] int attempt) =>
        Transitions.Decide(Row with { State = MailState.Sending, Holder = Holder.Live }, epoch, attempt).ShouldBe(ClaimDecision.Busy);

    [Test]
    public void A_lapsed_lease_lets_the_mail_be_taken_over() =>
        Transitions.Decide(Row with { State = MailState.Sending, Holder = Holder.Lapsed }, 1, 2).ShouldBe(ClaimDecision.TakeOver);

    [Test]
    public void A_claim_of_the_same_worker_that_none_of_its_tasks_holds_is_reclaimed_with_nothing_unknown() =>
        Transitions.Decide(Row with { State = MailState.Sending, Holder = Holder.Own }, 1, 2).ShouldBe(ClaimDecision.Claim);

    [Test]
    public void An_outbox_entry_that_was_not_published_is_produced_again(
        [Values(MailState.Queued, MailState.Dead)] MailState state, [Values(OutboxKind.Redelivery, OutboxKind.DeadLetter)] OutboxKind kind) =>
        Transitions.Decide(Row with { State = state, OutboxEntry = kind }, 1, 2).ShouldBe(ClaimDecision.OutboxPending);

    [Test]
    public void A_record_whose_redelivery_was_held_is_stale_as_long_as_that_waits_and_when_it_goes_on(
        [Values(MailState.Held, MailState.Queued)] MailState state, [Values] bool published) =>
        Transitions.Decide(Row with { State = state, OutboxEntry = OutboxKind.Schedule, OutboxPublished = published }, 1, 2).ShouldBe(ClaimDecision.Stale);

    [Test]
    public void A_held_mail_is_moved_on_by_no_record_of_its_epoch_and_by_a_replay([Values(2, 3)] int attempt)
    {
        var held = Row with { State = MailState.Held, OutboxEntry = OutboxKind.Schedule };
        Transitions.Decide(held, 1, attempt).ShouldBe(ClaimDecision.Stale);
        Transitions.Decide(held, 2, attempt).ShouldBe(ClaimDecision.Raise);
        Transitions.Decide(held with { OutboxEntry = null }, 2, attempt).ShouldBe(ClaimDecision.Stale, "the worker's settings hold it back, and it has ended");
    }

    [Test]
    public void A_published_outbox_entry_makes_its_record_stale(
        [Values(MailState.Queued, MailState.Dead)] MailState state, [Values] OutboxKind kind) =>
        Transitions.Decide(Row with { State = state, OutboxEntry = kind, OutboxPublished = true }, 1, 2).ShouldBe(ClaimDecision.Stale);

    [Test]
    public void The_next_attempt_claims_a_queued_mail_published_or_not([Values] bool published) =>
        Transitions.Decide(Row with { OutboxEntry = OutboxKind.Redelivery, OutboxPublished = published }, 1, 3).ShouldBe(ClaimDecision.Claim);

    [Test]
    public void A_released_mail_is_claimed_by_the_same_record() => Transitions.Decide(Row, 1, 2).ShouldBe(ClaimDecision.Claim);

    [Test]
    public void A_scheduled_mail_is_stored_once_and_is_due_by_its_record_once_it_was_published()
    {
        var scheduled = new RowFacts(0, 0, MailState.Scheduled, OutboxKind.Schedule, false, Holder.Lapsed, false);

        Transitions.Decide(null, 0, 0).ShouldBe(ClaimDecision.Claim);
        Transitions.Decide(scheduled, 0, 0).ShouldBe(ClaimDecision.OutboxPending);
        Transitions.Decide(scheduled, 0, 1).ShouldBe(ClaimDecision.Claim);
        var published = scheduled with { State = MailState.Queued, OutboxPublished = true };
        Transitions.Decide(published, 0, 0).ShouldBe(ClaimDecision.Due);
        Transitions.Decide(published, 0, 1).ShouldBe(ClaimDecision.Claim);
    }

    [Test]
    public void A_record_that_is_not_due_never_takes_a_mail_from_one_that_was_claimed()
    {
        foreach (var row in EveryRow())
            Transitions.Decide(row, 1, 0).ShouldBe(row.OtherContent ? ClaimDecision.IdempotencyConflict : ClaimDecision.Stale, row.ToString());
    }

    [Test]
    public void A_replay_that_Postgres_has_lost_raises_the_row(
        [Values(MailState.Queued, MailState.Scheduled, MailState.Dead, MailState.Sending)] MailState state) =>
        Transitions.Decide(Row with { State = state }, 2, 1).ShouldBe(ClaimDecision.Raise);

    [Test]
    public void Other_content_under_the_same_id_is_a_conflict_in_whatever_state([Values] MailState state, [Values(0, 1, 2)] int epoch, [Values(0, 1, 3)] int attempt) =>
        Transitions.Decide(Row with { State = state, OtherContent = true }, epoch, attempt).ShouldBe(ClaimDecision.IdempotencyConflict);
}
