using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Operations;
using Shouldly;

namespace Persistence.Tests.Failures;

public sealed class OperationTests : StoreTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    [Test]
    public async Task Its_set_is_that_of_its_beginning_and_each_failure_is_met_once_in_order()
    {
        var failures = await FailAsync("Frozen", 5);
        var operation = await BeginAsync("Frozen");
        await FailAsync("Frozen", 2);

        var lease = await ClaimAsync(operation);
        var met = new List<Guid>();
        while (await Store.Operations.RunBatchAsync(operation.Id, lease, Lease, 2) is { } batch)
        {
            batch.Replays.Count.ShouldBe(batch.Met);
            met.AddRange(batch.Replays.Select(replay => replay.FailureId));
            await Store.Failures.MarkReplayedAsync([.. batch.Replays.Select(replay => replay.FailureId)]);
            batch.State.ShouldBe(met.Count < 5 ? OperationState.Running : OperationState.Completed);
        }

        met.ShouldBe(failures);
        var ended = (await Store.Operations.FindAsync(operation.Id))!;
        (ended.Matched, ended.Done, ended.Refused, ended.EndedAt.HasValue).ShouldBe((5, 5, 0, true));
        (await Store.Operations.FindProgressAsync(ended)).Outcomes.ShouldBe(new Dictionary<FailureStatus, int> { [FailureStatus.Replayed] = 5 });
        var action = (await Store.Failures.FindAsync(failures[0]))!.Actions.ShouldHaveSingleItem();
        (action.Actor, action.Reason, action.OperationId).ShouldBe(("ann", "the mailbox is back", operation.Id));
    }

    [Test]
    public async Task A_failure_that_has_moved_on_is_refused_with_its_reason_and_the_others_are_not()
    {
        var failures = await FailAsync("Refused", 4);
        var operation = await BeginAsync("Refused");
        await Store.Failures.DiscardAsync(failures[1], "ben", "spam");
        await Store.ExecuteAsync("DELETE FROM email.failures WHERE id = $1", failures[3]);

        var batch = (await Store.Operations.RunBatchAsync(operation.Id, await ClaimAsync(operation), Lease, 10))!;
        batch.Replays.Select(replay => replay.FailureId).ShouldBe([failures[0], failures[2]], ignoreOrder: true);
        var ended = (await Store.Operations.FindAsync(operation.Id))!;
        (ended.Done, ended.Refused, ended.State).ShouldBe((2, 2, OperationState.Completed));
        (await Store.Operations.FindProgressAsync(ended)).Refusals.ShouldBe(new Dictionary<Refusal, int> { [Refusal.Discarded] = 1, [Refusal.NotFound] = 1 }, ignoreOrder: true);
    }

    [Test]
    public async Task A_mail_with_a_row_is_raised_with_its_decision()
    {
        var record = Make.Record(to: "op@example.com");
        await Store.DieAsync(record, Worker);
        await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId) with { ExceptionType = "Raised" });
        var operation = await BeginAsync("Raised");
        var batch = (await Store.Operations.RunBatchAsync(operation.Id, await ClaimAsync(operation), Lease, 10))!;
        batch.Replays.ShouldHaveSingleItem().Epoch.ShouldBe(1);
        var mail = await Store.MailAsync(record.Identity.MailId);
        (mail.State, mail.Epoch).ShouldBe((MailState.Queued, 1));
    }

    [Test]
    public async Task Whoever_has_lost_it_does_nothing_more_and_another_goes_on_where_it_was()
    {
        await FailAsync("Taken", 4);
        var operation = await BeginAsync("Taken");
        var first = await ClaimAsync(operation);
        (await Store.Operations.RunBatchAsync(operation.Id, first, Lease, 1)).ShouldNotBeNull();
        await Store.ExecuteAsync("UPDATE email.operations SET lease_until = now() - interval '1 second' WHERE id = $1", operation.Id);
        var second = await ClaimAsync(operation);

        (await Store.Operations.RunBatchAsync(operation.Id, first, Lease, 10)).ShouldBeNull();
        (await Store.Operations.RunBatchAsync(operation.Id, second, Lease, 10))!.Met.ShouldBe(3);
        (await Store.Operations.FindAsync(operation.Id))!.Done.ShouldBe(4);
    }

    [Test]
    public async Task What_a_dead_process_had_decided_is_pending_and_is_produced_by_the_sweep()
    {
        var failures = await FailAsync("Died", 3);
        var operation = await BeginAsync("Died");
        await Store.Operations.RunBatchAsync(operation.Id, await ClaimAsync(operation), Lease, 10);
        // It dies here: nothing was produced.
        var pending = await Store.Failures.ClaimPendingReplaysAsync(TimeSpan.Zero, 10_000);
        pending.Select(replay => replay.FailureId).Intersect(failures).Count().ShouldBe(3);
    }

    [Test]
    public async Task A_pause_holds_from_the_next_batch_on_a_resume_goes_on_and_a_cancel_ends_it()
    {
        await FailAsync("Paused", 6);
        var operation = await BeginAsync("Paused");
        var lease = await ClaimAsync(operation);
        await Store.Operations.RunBatchAsync(operation.Id, lease, Lease, 2);
        (await Store.Operations.PauseAsync(operation.Id, "ben"))!.State.ShouldBe(OperationState.Paused);
        (await Store.Operations.RunBatchAsync(operation.Id, lease, Lease, 2)).ShouldBeNull();
        (await Store.Operations.PauseAsync(operation.Id, "ben")).ShouldBeNull();

        (await Store.Operations.ResumeAsync(operation.Id, "cid"))!.ChangedBy.ShouldBe("cid");
        (await Store.Operations.RunBatchAsync(operation.Id, lease, Lease, 2)).ShouldBeNull("it is whose who claims it again");
        (await Store.Operations.RunBatchAsync(operation.Id, await ClaimAsync(operation), Lease, 2))!.Met.ShouldBe(2);
        (await Store.Operations.CancelAsync(operation.Id, "ben"))!.EndedAt.ShouldNotBeNull();
        (await Store.Operations.ResumeAsync(operation.Id, "ben")).ShouldBeNull();
        var ended = (await Store.Operations.FindAsync(operation.Id))!;
        (ended.Done, ended.State).ShouldBe((4, OperationState.Canceled));
    }

    [Test]
    public async Task It_stops_where_as_many_of_its_replays_have_failed_again_as_it_was_told()
    {
        await FailAsync("Stopped", 5);
        var operation = await BeginAsync("Stopped", stopAfter: 2);
        var lease = await ClaimAsync(operation);
        var batch = (await Store.Operations.RunBatchAsync(operation.Id, lease, Lease, 3))!;
        await Store.Failures.MarkReplayedAsync([.. batch.Replays.Select(replay => replay.FailureId)]);
        foreach (var replay in batch.Replays.Take(2))
            await Store.Failures.ProjectAsync(Make.DeadLetter(replay.MailId, replay.Epoch) with { ExceptionType = "StoppedAgain" });

        (await Store.Operations.RunBatchAsync(operation.Id, lease, Lease, 3))!.ShouldSatisfyAllConditions(
            stopped => stopped.Met.ShouldBe(0), stopped => stopped.State.ShouldBe(OperationState.Stopped));
        var ended = (await Store.Operations.FindAsync(operation.Id))!;
        (ended.Done, ended.State).ShouldBe((3, OperationState.Stopped));
        (await Store.Operations.FindProgressAsync(ended)).Outcomes[FailureStatus.FailedAgain].ShouldBe(2);
        var again = (await Store.Failures.ListAsync(new FailureFilter { FailedAgainOf = operation.Id }, 10)).Items;
        again.Select(failure => failure.ExceptionType).ShouldBe(["StoppedAgain", "StoppedAgain"]);
    }

    [Test]
    public async Task Failures_are_discarded_and_restored_with_their_mails()
    {
        var record = Make.Record(to: "restore@example.com");
        await Store.DieAsync(record, Worker);
        await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId) with { ExceptionType = "Restored" });
        await FailAsync("Restored", 2);

        var discard = await BeginAsync("Restored", action: OperationAction.Discard);
        (await Store.Operations.RunBatchAsync(discard.Id, await ClaimAsync(discard), Lease, 10))!.State.ShouldBe(OperationState.Completed);
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Discarded);
        (await CountAsync(FailureStatus.Discarded)).ShouldBe(3);

        var restore = await Store.Operations.BeginAsync(new NewOperation(OperationAction.Restore, "ben") { Filter = new FailureFilter { ExceptionType = "Restored" } });
        (await Store.Operations.RunBatchAsync(restore.Id, await ClaimAsync(restore), Lease, 10))!.State.ShouldBe(OperationState.Completed);
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Dead);
        (await CountAsync(FailureStatus.Unresolved)).ShouldBe(3);

        async Task<long> CountAsync(FailureStatus status) => (await Store.Failures.CountAsync(new FailureFilter { ExceptionType = "Restored", Statuses = [status] })).Count;
    }

    [Test]
    public async Task A_set_can_be_named_by_ids_and_be_limited_and_one_of_nothing_is_completed()
    {
        var failures = await FailAsync("Named", 3);
        var named = await Store.Operations.BeginAsync(new NewOperation(OperationAction.Discard, "ann") { Ids = [failures[2], failures[0], Guid.NewGuid()], Reason = "spam" });
        named.Matched.ShouldBe(3);
        (await Store.Operations.RunBatchAsync(named.Id, await ClaimAsync(named), Lease, 10))!.Met.ShouldBe(3);
        (await Store.Operations.FindAsync(named.Id))!.Refused.ShouldBe(1);

        var newest = new NewOperation(OperationAction.Replay, "ann") { Filter = new FailureFilter { ExceptionType = "Named" }, Limit = 2, Order = FailureOrder.Newest };
        (await Store.Operations.CountAsync(newest)).ShouldBe(2);
        var limited = await Store.Operations.BeginAsync(newest);
        limited.Matched.ShouldBe(2);
        await Store.Operations.CancelAsync(limited.Id, "ann");

        var nothing = await BeginAsync("Nothing");
        (nothing.Matched, nothing.State).ShouldBe((0, OperationState.Completed));
    }

    [Test]
    public async Task The_history_is_listed_newest_first()
    {
        var ids = new List<Guid>();
        for (var number = 0; number < 3; number++)
            ids.Add((await BeginAsync("History")).Id);
        var first = await Store.Operations.ListAsync(null, 2);
        first.Items.Select(operation => operation.Id).ShouldBe([ids[2], ids[1]]);
        (await Store.Operations.ListAsync(null, 1, first.NextCursor)).Items.ShouldHaveSingleItem().Id.ShouldBe(ids[0]);
        (await Store.Operations.ListAsync(OperationState.Completed, 3)).Items.Count.ShouldBe(3);
    }

    /// <summary>Failures of one cause in the order in which they failed.</summary>
    private async Task<List<Guid>> FailAsync(string type, int count)
    {
        var ids = new List<Guid>();
        for (var number = 0; number < count; number++)
        {
            ids.Add((await Store.Failures.ProjectAsync(
                Make.DeadLetter(Guid.CreateVersion7()) with { ExceptionType = type, FailedAt = Make.Noon.AddMinutes(number) })).FailureId);
        }

        return ids;
    }

    private Task<Operation> BeginAsync(string type, int? stopAfter = null, OperationAction action = OperationAction.Replay) =>
        Store.Operations.BeginAsync(new NewOperation(action, "ann")
        {
            Filter = new FailureFilter { ExceptionType = type },
            FilterJson = "{}",
            Reason = "the mailbox is back",
            StopAfterFailures = stopAfter,
        });

    /// <summary>Claims all that run, and returns by which.</summary>
    private async Task<Guid> ClaimAsync(Operation operation)
    {
        var lease = Guid.NewGuid();
        (await Store.Operations.ClaimAsync(lease, Lease, 100)).Select(claimed => claimed.Id).ShouldContain(operation.Id);
        return lease;
    }
}
