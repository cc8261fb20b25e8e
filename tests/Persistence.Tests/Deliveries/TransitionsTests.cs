using NUnit.Framework;
using Persistence.Deliveries;
using Shouldly;

namespace Persistence.Tests.Deliveries;

public sealed class TransitionsTests
{
    private static readonly RowFacts Row = new(1, 2, MailState.Queued, null, false, Holder.Lapsed, false);

    private static readonly MailState[] Ended = [MailState.Sent, MailState.Canceled, MailState.Replaced, MailState.Discarded];

    private static IEnumerable<RowFacts> EveryRow() =>
        from state in Enum.GetValues<MailState>()
        from handOver in new HandOverKind?[] { null, HandOverKind.Redelivery, HandOverKind.DeadLetter }
        from marked in new[] { false, true }
        from holder in Enum.GetValues<Holder>()
        from otherContent in new[] { false, true }
        select new RowFacts(1, 2, state, handOver, marked, holder, otherContent);

    [Test]
    public void A_mail_without_a_row_is_claimed() => Transitions.Decide(null, 3, 4).ShouldBe(ClaimDecision.Claim);

    [Test]
    public void A_record_of_an_older_generation_or_attempt_never_sends()
    {
        foreach (var row in EveryRow())
        {
            Transitions.Decide(row, 0, 9).ShouldBe(ClaimDecision.Stale, row.ToString());
            Transitions.Decide(row, 1, 1).ShouldBe(ClaimDecision.Stale, row.ToString());
        }
    }

    [Test]
    public void A_mail_that_ended_is_not_sent_whatever_comes()
    {
        var decisions =
            from row in EveryRow()
            where Ended.Contains(row.State)
            from generation in new[] { 0, 1, 2 }
            from attempt in new[] { 1, 2, 3 }
            select Transitions.Decide(row, generation, attempt);
        decisions.Distinct().ShouldBe([ClaimDecision.Stale, ClaimDecision.IdempotencyConflict], ignoreOrder: true);
    }

    [Test]
    public void A_live_lease_protects_a_mail_from_every_later_record([Values(1, 2)] int generation, [Values(2, 3)] int attempt) =>
        Transitions.Decide(Row with { State = MailState.Sending, Holder = Holder.Live }, generation, attempt).ShouldBe(ClaimDecision.Busy);

    [Test]
    public void A_lapsed_lease_lets_the_mail_be_taken_over([Values(Holder.Lapsed, Holder.Own)] Holder holder) =>
        Transitions.Decide(Row with { State = MailState.Sending, Holder = holder }, 1, 2).ShouldBe(ClaimDecision.TakeOver);

    [Test]
    public void A_hand_over_that_was_never_marked_is_produced_again(
        [Values(MailState.Queued, MailState.Dead)] MailState state, [Values] HandOverKind kind) =>
        Transitions.Decide(Row with { State = state, HandOver = kind }, 1, 2).ShouldBe(ClaimDecision.HandOverPending);

    [Test]
    public void A_marked_hand_over_makes_its_record_stale(
        [Values(MailState.Queued, MailState.Dead)] MailState state, [Values] HandOverKind kind) =>
        Transitions.Decide(Row with { State = state, HandOver = kind, HandOverMarked = true }, 1, 2).ShouldBe(ClaimDecision.Stale);

    [Test]
    public void The_next_attempt_claims_a_queued_mail_marked_or_not([Values] bool marked) =>
        Transitions.Decide(Row with { HandOver = HandOverKind.Redelivery, HandOverMarked = marked }, 1, 3).ShouldBe(ClaimDecision.Claim);

    [Test]
    public void A_released_mail_is_claimed_by_the_same_record() => Transitions.Decide(Row, 1, 2).ShouldBe(ClaimDecision.Claim);

    [Test]
    public void A_scheduled_mail_is_kept_once_and_its_copy_sends_it_marked_or_not()
    {
        var scheduled = new RowFacts(0, 0, MailState.Scheduled, HandOverKind.Schedule, false, Holder.Lapsed, false);

        Transitions.Decide(null, 0, 0).ShouldBe(ClaimDecision.Claim);
        Transitions.Decide(scheduled, 0, 0).ShouldBe(ClaimDecision.HandOverPending);
        Transitions.Decide(scheduled with { HandOverMarked = true }, 0, 0).ShouldBe(ClaimDecision.Stale);
        Transitions.Decide(scheduled, 0, 1).ShouldBe(ClaimDecision.Claim);
        Transitions.Decide(scheduled with { HandOverMarked = true }, 0, 1).ShouldBe(ClaimDecision.Claim);
    }

    [Test]
    public void A_record_that_is_not_due_never_takes_a_mail_from_one_that_was_claimed()
    {
        foreach (var row in EveryRow())
            Transitions.Decide(row, 1, 0).ShouldBe(ClaimDecision.Stale, row.ToString());
    }

    [Test]
    public void A_replay_that_Postgres_forgot_raises_the_row(
        [Values(MailState.Queued, MailState.Scheduled, MailState.Dead, MailState.Sending)] MailState state) =>
        Transitions.Decide(Row with { State = state }, 2, 1).ShouldBe(ClaimDecision.Raise);

    [Test]
    public void Other_content_under_the_same_id_is_a_conflict_in_whatever_state([Values] MailState state, [Values(0, 1)] int attempt) =>
        Transitions.Decide(Row with { State = state, OtherContent = true }, 0, attempt).ShouldBe(ClaimDecision.IdempotencyConflict);
}
