using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Shouldly;

namespace Persistence.Tests.Failures;

// Alone: the sweep claims whatever is pending, also another test's replay.
[NonParallelizable]
public sealed class ReplayTests : StoreTests
{
    [Test]
    public async Task A_replay_raises_the_epoch_and_the_sent_mail_resolves_its_failure()
    {
        var (record, failureId) = await DeadAsync();
        var replay = Accepted(await Store.Failures.RequestReplayAsync(failureId, "ann", "mailbox is back"));
        (replay.MailId, replay.Epoch, replay.Topic).ShouldBe((record.Identity.MailId, 1, "email.send"));
        replay.Headers.ShouldHaveSingleItem().Name.ShouldBe("MessageId");
        (await Store.MailAsync(replay.MailId)).State.ShouldBe(MailState.Queued);
        (await FindAsync(failureId)).Status.ShouldBe(FailureStatus.Unresolved);

        (await Store.Failures.MarkReplayedAsync(failureId)).ShouldBeTrue();
        (await Store.Failures.MarkReplayedAsync(failureId)).ShouldBeFalse();
        (await FindAsync(failureId)).Status.ShouldBe(FailureStatus.Replayed);

        (await Store.Mails.ClaimAsync(record, Worker)).ShouldBeOfType<ClaimResult.Stale>();
        await SendAsync(record.Next(epoch: 1));

        var failure = await FindAsync(failureId);
        failure.Status.ShouldBe(FailureStatus.Resolved);
        failure.ReplayedAs.ShouldBe(record.Identity.MailId);
        failure.Actions.Select(action => (action.Action, action.Actor, action.Reason)).ShouldBe(
            [(FailureActionKind.Replay, "ann", "mailbox is back"), (FailureActionKind.Resolve, "system", "The mail was sent.")]);
        failure.Actions[0].Before!.RootElement.GetProperty("mail").GetProperty("state").GetString().ShouldBe("dead");
        failure.Actions[1].After!.RootElement.GetProperty("status").GetString().ShouldBe("resolved");
        (await Store.Mails.FindAsync(record.Identity.MailId))!.Failures.ShouldHaveSingleItem().Id.ShouldBe(failureId);
    }

    [Test]
    public async Task A_replay_opens_the_recipients_that_had_refused()
    {
        var (record, failureId) = await DeadAsync();
        (await Store.MailAsync(record.Identity.MailId)).Recipients.Single().Outcome.ShouldBe(RecipientOutcome.Rejected);
        Accepted(await Store.Failures.RequestReplayAsync(failureId, "ann", null));
        (await Store.ClaimAsync(record.Next(epoch: 1), Worker)).OpenRecipients.ShouldBe(record.Recipients);
    }

    [Test]
    public async Task A_worker_that_is_quicker_than_the_mark_resolves_the_failure_all_the_same()
    {
        var (record, failureId) = await DeadAsync();
        Accepted(await Store.Failures.RequestReplayAsync(failureId, "ann", null));
        await SendAsync(record.Next(epoch: 1));
        (await Store.Failures.MarkReplayedAsync(failureId)).ShouldBeTrue();

        var failure = await FindAsync(failureId);
        failure.Status.ShouldBe(FailureStatus.Resolved);
        failure.ReplayedAt.ShouldNotBeNull();
    }

    [Test]
    public async Task A_replay_that_dies_again_is_a_failure_of_the_next_epoch_and_round_and_the_one_before_says_so()
    {
        var (record, failureId) = await DeadAsync();
        Accepted(await Store.Failures.RequestReplayAsync(failureId, "ann", null));
        await Store.Failures.MarkReplayedAsync(failureId);
        await Store.DieAsync(record.Next(epoch: 1), Worker);
        var second = await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId, epoch: 1));

        second.IsNew.ShouldBeTrue();
        var (before, now) = (await FindAsync(failureId), await FindAsync(second.FailureId));
        (before.Status, before.FailedAgainAs, before.Round).ShouldBe((FailureStatus.FailedAgain, second.FailureId, 1));
        (now.Status, now.FailedAgainAs, now.Round).ShouldBe((FailureStatus.Unresolved, null, 2));
        (await ReplayRefusedAsync(failureId)).ShouldBe(Refusal.FailedAgain);
        (await Store.Failures.DiscardAsync(failureId, "ann", "no")).ShouldBe(Refusal.FailedAgain);
        (await Store.Failures.MarkReplayedAsync(failureId)).ShouldBeFalse();
        Accepted(await Store.Failures.RequestReplayAsync(second.FailureId, "ann", null)).Epoch.ShouldBe(2);
        await Store.Failures.MarkReplayedAsync(second.FailureId);
        await SendAsync(record.Next(epoch: 2));
        (await FindAsync(failureId)).Status.ShouldBe(FailureStatus.Resolved);
        (await FindAsync(second.FailureId)).Status.ShouldBe(FailureStatus.Resolved);
    }

    [Test]
    public async Task A_replay_that_dies_again_before_it_was_marked_is_not_produced_once_more()
    {
        var (record, failureId) = await DeadAsync();
        Accepted(await Store.Failures.RequestReplayAsync(failureId, "ann", null));
        await Store.DieAsync(record.Next(epoch: 1), Worker);
        var second = await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId, epoch: 1));

        (await Store.Failures.ClaimPendingReplaysAsync(TimeSpan.Zero)).ShouldNotContain(replay => replay.FailureId == failureId);
        (await Store.Failures.MarkReplayedAsync(failureId)).ShouldBeTrue();
        var before = await FindAsync(failureId);
        (before.Status, before.FailedAgainAs).ShouldBe((FailureStatus.FailedAgain, second.FailureId));
        before.ReplayedAt.ShouldNotBeNull();
    }

    [Test]
    public async Task Rounds_are_counted_also_where_failures_are_rebuilt_from_the_topic()
    {
        var (record, failureId) = await DeadAsync();
        Accepted(await Store.Failures.RequestReplayAsync(failureId, "ann", null));
        await Store.Failures.MarkReplayedAsync(failureId);
        await Store.DieAsync(record.Next(epoch: 1), Worker);
        await Store.ExecuteAsync("DELETE FROM email.failures WHERE mail_id = $1", record.Identity.MailId);

        var first = await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId));
        var second = await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId, epoch: 1));
        var (before, now) = (await FindAsync(first.FailureId), await FindAsync(second.FailureId));
        (before.Status, before.FailedAgainAs, now.Status, now.Round).ShouldBe((FailureStatus.FailedAgain, second.FailureId, FailureStatus.Unresolved, 2));
    }

    [Test]
    public async Task A_poison_record_is_replayed_under_its_own_id_or_a_new_one()
    {
        var mail = Guid.CreateVersion7();
        var named = await Store.Failures.ProjectAsync(Make.DeadLetter(mail));
        var replay = Accepted(await Store.Failures.RequestReplayAsync(named.FailureId, "ann", null));
        (replay.MailId, replay.Epoch).ShouldBe((mail, 1));
        (await Store.ClaimAsync(Make.Record(mail, epoch: 1), Worker)).FencingToken.ShouldBe(1);

        var nameless = await Store.Failures.ProjectAsync(Make.DeadLetter(null));
        replay = Accepted(await Store.Failures.RequestReplayAsync(nameless.FailureId, "ann", null));
        replay.Epoch.ShouldBe(0);
        await Store.Failures.MarkReplayedAsync(nameless.FailureId);
        await SendAsync(Make.Record(replay.MailId));
        var failure = await FindAsync(nameless.FailureId);
        (failure.Status, failure.ReplayedAs).ShouldBe((FailureStatus.Resolved, replay.MailId));
    }

    [Test]
    public async Task A_failure_of_an_unreadable_record_is_resolved_when_a_mail_is_sent_under_its_id()
    {
        var mail = Guid.CreateVersion7();
        var failure = await Store.Failures.ProjectAsync(Make.DeadLetter(mail));
        await SendAsync(Make.Record(mail));
        (await FindAsync(failure.FailureId)).Status.ShouldBe(FailureStatus.Resolved);
    }

    [Test]
    public async Task Of_twenty_that_ask_for_the_same_replay_one_produces_it()
    {
        var (_, failureId) = await DeadAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 20)
            .Select(number => Task.Run(() => Store.Failures.RequestReplayAsync(failureId, $"person {number}", null))));
        results.OfType<ReplayResult.Accepted>().ShouldHaveSingleItem();
        results.OfType<ReplayResult.Refused>().ShouldAllBe(refused => refused.Reason == Refusal.ReplayPending);
        (await FindAsync(failureId)).Actions.ShouldHaveSingleItem();
    }

    [Test]
    public async Task A_late_reply_and_a_replay_at_once_end_as_sent_whichever_is_first()
    {
        for (var round = 0; round < 30; round++)
        {
            var (record, failureId) = await DeadAsync();
            await Task.WhenAll(
                Task.Run(() => Store.Failures.RequestReplayAsync(failureId, "ann", null)),
                Task.Run(() => RecordSentAsync(record)));
            (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sent);
            (await FindAsync(failureId)).Status.ShouldBe(FailureStatus.Resolved);
            (await Store.Mails.ClaimAsync(record.Next(epoch: 1), Worker)).ShouldBeOfType<ClaimResult.Stale>();
        }
    }

    [Test]
    public async Task What_is_decided_is_not_decided_again()
    {
        (await ReplayRefusedAsync(Guid.NewGuid())).ShouldBe(Refusal.NotFound);
        (await Store.Failures.DiscardAsync(Guid.NewGuid(), "ann", null)).ShouldBe(Refusal.NotFound);

        var (_, replayed) = await DeadAsync();
        Accepted(await Store.Failures.RequestReplayAsync(replayed, "ann", null));
        (await Store.Failures.DiscardAsync(replayed, "ann", null)).ShouldBe(Refusal.ReplayPending);
        await Store.Failures.MarkReplayedAsync(replayed);
        (await ReplayRefusedAsync(replayed)).ShouldBe(Refusal.Replayed);

        var (record, resolved) = await DeadAsync();
        await Store.Mails.RecordSentAsync(record, 0, []);
        (await ReplayRefusedAsync(resolved)).ShouldBe(Refusal.Resolved);

        var (_, discarded) = await DeadAsync();
        (await Store.Failures.DiscardAsync(discarded, "ann", "spam")).ShouldBeNull();
        (await ReplayRefusedAsync(discarded)).ShouldBe(Refusal.Discarded);
    }

    [TestCase("sending", 0, Refusal.MailInProgress)]
    [TestCase("canceled", 0, Refusal.MailMovedOn)]
    [TestCase("dead", 1, Refusal.MailMovedOn)]
    public async Task A_mail_that_moved_on_is_not_replayed(string state, int epoch, Refusal expected)
    {
        var (record, failureId) = await DeadAsync();
        await Store.ExecuteAsync("UPDATE email.mails SET state = $2, epoch = $3 WHERE id = $1", record.Identity.MailId, state, epoch);
        (await ReplayRefusedAsync(failureId)).ShouldBe(expected);
        (await FindAsync(failureId)).Actions.ShouldBeEmpty();
    }

    [Test]
    public async Task A_discarded_failure_stays_with_its_mail_and_who_and_why()
    {
        var (record, failureId) = await DeadAsync();
        (await Store.Failures.DiscardAsync(failureId, "ann", "the address was a typing error")).ShouldBeNull();
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Discarded);
        var failure = await FindAsync(failureId);
        failure.Status.ShouldBe(FailureStatus.Discarded);
        var action = failure.Actions.ShouldHaveSingleItem();
        (action.Actor, action.Action, action.Reason).ShouldBe(("ann", FailureActionKind.Discard, "the address was a typing error"));
        (await Store.Mails.ClaimAsync(record, Worker)).ShouldBe(new ClaimResult.Stale(MailState.Discarded, 0, 1));
    }

    [Test]
    public async Task A_replay_that_a_crash_cut_off_is_taken_on_once_and_only_after_a_while()
    {
        await Store.ExecuteAsync("UPDATE email.failures SET replayed_at = now() WHERE replay_requested_at IS NOT NULL");
        var (_, failureId) = await DeadAsync();
        var asked = Accepted(await Store.Failures.RequestReplayAsync(failureId, "ann", null));
        (await Store.Failures.ClaimPendingReplaysAsync(TimeSpan.FromMinutes(1))).ShouldBeEmpty();

        await Store.ExecuteAsync("UPDATE email.failures SET replay_claimed_at = now() - interval '2 minutes' WHERE id = $1", failureId);
        var sweeps = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => Store.Failures.ClaimPendingReplaysAsync(TimeSpan.FromMinutes(1)))));
        var taken = sweeps.SelectMany(sweep => sweep).ShouldHaveSingleItem();
        (taken.FailureId, taken.MailId, taken.Epoch).ShouldBe((asked.FailureId, asked.MailId, asked.Epoch));
        taken.Value.ShouldBe(asked.Value);

        await Store.Failures.MarkReplayedAsync(failureId);
        (await Store.Failures.ClaimPendingReplaysAsync(TimeSpan.Zero)).ShouldBeEmpty();
    }

    [Test]
    public async Task Of_ten_processes_that_sweep_at_once_each_replay_goes_to_one()
    {
        for (var number = 0; number < 60; number++)
        {
            var (_, failureId) = await DeadAsync();
            Accepted(await Store.Failures.RequestReplayAsync(failureId, "ann", null));
        }
        await Store.ExecuteAsync("UPDATE email.failures SET replay_claimed_at = now() - interval '2 minutes' WHERE replayed_at IS NULL");
        var start = new TaskCompletionSource();
        var sweeps = Enumerable.Range(0, 10).Select(async _ =>
        {
            await start.Task;
            return await Store.Failures.ClaimPendingReplaysAsync(TimeSpan.FromMinutes(1));
        }).ToList();
        start.SetResult();
        var taken = (await Task.WhenAll(sweeps)).SelectMany(sweep => sweep).Select(replay => replay.FailureId).ToList();
        taken.Count.ShouldBeGreaterThanOrEqualTo(60);
        taken.ShouldBeUnique();
        await Store.ExecuteAsync("UPDATE email.failures SET replayed_at = now() WHERE replay_requested_at IS NOT NULL");
    }

    private static Replay Accepted(ReplayResult result) => result.ShouldBeOfType<ReplayResult.Accepted>().Replay;

    private async Task<Refusal> ReplayRefusedAsync(Guid id) =>
        (await Store.Failures.RequestReplayAsync(id, "ann", null)).ShouldBeOfType<ReplayResult.Refused>().Reason;

    private async Task<(MailRecord Record, Guid FailureId)> DeadAsync()
    {
        var record = Make.Record();
        await Store.DieAsync(record, Worker);
        return (record, (await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId))).FailureId);
    }

    private async Task SendAsync(MailRecord record)
    {
        var claim = await Store.ClaimAsync(record, Worker);
        (await Store.Mails.RecordSentAsync(record, claim.FencingToken, [])).ShouldBeTrue();
    }

    /// <summary>As a worker does: again, where the replay has locked the mail for too long.</summary>
    private async Task RecordSentAsync(MailRecord record)
    {
        for (var isRecorded = false; !isRecorded;)
        {
            try
            {
                await Store.Mails.RecordSentAsync(record, 1, []);
                isRecorded = true;
            }
            catch (Exception exception) when (PostgresErrors.IsContention(exception))
            {
                // Nothing was changed.
            }
        }
    }

    private async Task<Failure> FindAsync(Guid id) => (await Store.Failures.FindAsync(id)).ShouldNotBeNull();
}
