using NUnit.Framework;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Mails;
using Persistence.Operations;
using Shouldly;

namespace Persistence.Tests.Operations;

public sealed class CancelOperationTests : StoreTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private static readonly WaitingRecord Bytes = new("k"u8.ToArray(), "v"u8.ToArray(), []);

    [Test]
    public async Task Its_set_is_the_mails_of_its_filter_that_wait_and_none_that_comes_later()
    {
        const string Sender = "set@cancel.example";
        var (scheduled, queued, held) = (await ScheduleAsync(Sender), await DelayAsync(Sender), await HoldAsync(Sender));
        var sent = await SendAsync(Sender);
        await ScheduleAsync("other@cancel.example");
        var operation = await BeginAsync(new MailFilter { Sender = Sender });
        operation.Matched.ShouldBe(3);
        var late = await ScheduleAsync(Sender);

        var batch = (await Store.Operations.RunBatchAsync(operation.Id, await ClaimAsync(operation), Lease, 10))!;
        (batch.Met, batch.State, batch.Replays.Count).ShouldBe((3, OperationState.Completed, 0));
        foreach (var id in new[] { scheduled, queued, held })
            (await StateAsync(id)).ShouldBe((MailState.Canceled, 1));
        (await StateAsync(sent)).ShouldBe((MailState.Sent, 0));
        (await StateAsync(late)).ShouldBe((MailState.Scheduled, 0));
        var ended = (await Store.Operations.FindAsync(operation.Id))!;
        (ended.Done, ended.Refused, ended.Filter).ShouldBe((3, 0, "{}"));
    }

    [Test]
    public async Task Some_are_taken_by_state_and_limit_in_the_order_in_which_they_were_read()
    {
        const string Sender = "part@cancel.example";
        var ids = new List<Guid>();
        for (var number = 0; number < 4; number++)
            ids.Add(await ScheduleAsync(Sender));
        await DelayAsync(Sender);
        var part = Cancel(new MailFilter { Sender = Sender, State = MailState.Scheduled }) with { Limit = 2 };
        (await Store.Operations.CountAsync(part)).ShouldBe(2);
        (await Store.Operations.SampleAsync(part, 5)).ShouldBe(ids[..2]);
        (await Store.Operations.SampleAsync(part with { Order = FailureOrder.Newest }, 5)).ShouldBe([ids[3], ids[2]]);

        var operation = await Store.Operations.BeginAsync(part);
        var lease = await ClaimAsync(operation);
        (await Store.Operations.RunBatchAsync(operation.Id, lease, Lease, 1))!.State.ShouldBe(OperationState.Running);
        (await StateAsync(ids[0])).ShouldBe((MailState.Canceled, 1));
        (await StateAsync(ids[1])).ShouldBe((MailState.Scheduled, 0));
        (await Store.Operations.RunBatchAsync(operation.Id, lease, Lease, 1))!.State.ShouldBe(OperationState.Completed);
        (await Store.Operations.CountAsync(Cancel(new MailFilter { Sender = Sender }))).ShouldBe(3);
    }

    [Test]
    public async Task What_cannot_be_canceled_any_more_is_refused_with_its_reason()
    {
        const string Sender = "refused@cancel.example";
        var (waits, sent, dead) = (await DelayAsync(Sender), await SendAsync(Sender), Make.Record());
        await Store.DieAsync(dead, Worker);
        var sending = Make.Record();
        await Store.ClaimAsync(sending, Worker);
        var partly = await DelayAsync(Sender, RecipientOutcome.Accepted);
        var canceled = await ScheduleAsync(Sender);
        await Store.Schedules.CancelAsync(canceled, "ben", accepted: false);
        var discarded = Make.Record();
        await Store.DieAsync(discarded, Worker);
        await Store.Failures.DiscardAsync((await Store.Failures.ProjectAsync(Make.DeadLetter(discarded.Identity.MailId))).FailureId, "ben", "spam");

        var operation = await BeginAsync([waits, sent, dead.Identity.MailId, sending.Identity.MailId, partly, canceled, discarded.Identity.MailId, Guid.NewGuid()]);
        await Store.Operations.RunBatchAsync(operation.Id, await ClaimAsync(operation), Lease, 10);

        var ended = (await Store.Operations.FindAsync(operation.Id))!;
        (ended.Matched, ended.Done, ended.Refused).ShouldBe((8, 1, 7));
        (await Store.Operations.FindProgressAsync(ended)).Refusals.ShouldBe(
            new Dictionary<Refusal, int>
            {
                [Refusal.MailSent] = 1,
                [Refusal.MailDead] = 1,
                [Refusal.MailInProgress] = 1,
                [Refusal.MailPartlySent] = 1,
                [Refusal.MailCanceled] = 1,
                [Refusal.MailDiscarded] = 1,
                [Refusal.NotFound] = 1,
            },
            ignoreOrder: true);
        (await StateAsync(partly)).ShouldBe((MailState.Queued, 0));
        (await StateAsync(canceled)).Epoch.ShouldBe(1, "canceled once");
    }

    [Test]
    public async Task A_mail_that_no_worker_has_read_is_canceled_where_it_is_known_to_be_accepted()
    {
        var (record, other, key) = (Make.Record(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var operation = await BeginAsync([record.Identity.MailId, other]);
        await Store.Operations.RunBatchAsync(
            operation.Id, await ClaimAsync(operation), Lease, 10, id => id == record.Identity.MailId ? new KnownMail(id, key) : null);

        (await Store.MailAsync(record.Identity.MailId)).ApiKeyId.ShouldBe(key);
        (await Store.Mails.ClaimAsync(record, Worker)).ShouldBeOfType<ClaimResult.Stale>().State.ShouldBe(MailState.Canceled);
        (await Store.Mails.FindAsync(other)).ShouldBeNull();
        var ended = (await Store.Operations.FindAsync(operation.Id))!;
        (ended.Done, ended.Refused).ShouldBe((1, 1));
    }

    [Test]
    public async Task A_mail_without_a_row_that_is_older_than_what_retention_has_removed_is_not_canceled()
    {
        await Store.ExecuteAsync("INSERT INTO email.retention_horizons (table_name, horizon, removed, swept_at) VALUES ('mails', $1, 1, now())", Make.Noon);
        var (old, young) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var operation = await BeginAsync([old, young]);
        await Store.Operations.RunBatchAsync(
            operation.Id, await ClaimAsync(operation), Lease, 10, id => new KnownMail(id, ApiKeyId: null, id == old ? Make.Noon.AddSeconds(-1) : Make.Noon));

        (await Store.Mails.FindAsync(old)).ShouldBeNull("it may have been sent");
        (await StateAsync(young)).State.ShouldBe(MailState.Canceled);
        (await Store.Operations.FindProgressAsync((await Store.Operations.FindAsync(operation.Id))!)).Refusals.ShouldBe(new Dictionary<Refusal, int> { [Refusal.NotFound] = 1 });
    }

    [Test]
    public async Task The_failure_of_a_replayed_mail_is_resolved_with_it()
    {
        var record = Make.Record();
        await Store.DieAsync(record, Worker);
        var failure = (await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId))).FailureId;
        await Store.Failures.RequestReplayAsync(failure, "ann", null);
        await Store.Failures.MarkReplayedAsync(failure);

        var operation = await BeginAsync([record.Identity.MailId]);
        await Store.Operations.RunBatchAsync(operation.Id, await ClaimAsync(operation), Lease, 10);
        var resolved = (await Store.Failures.FindAsync(failure))!;
        resolved.Status.ShouldBe(FailureStatus.Resolved);
        resolved.Actions[^1].Actor.ShouldBe("ann");
    }

    private static NewOperation Cancel(MailFilter filter) => new(OperationAction.Cancel, "ann") { Mails = filter, FilterJson = "{}", Reason = "the wrong price" };

    private Task<Operation> BeginAsync(MailFilter filter) => Store.Operations.BeginAsync(Cancel(filter));

    private Task<Operation> BeginAsync(IReadOnlyList<Guid> ids) =>
        Store.Operations.BeginAsync(new NewOperation(OperationAction.Cancel, "ann") { Ids = ids, Reason = "the wrong price" });

    /// <summary>Claims all that run, and returns by which.</summary>
    private async Task<Guid> ClaimAsync(Operation operation)
    {
        var lease = Guid.NewGuid();
        (await Store.Operations.ClaimAsync(lease, Lease, 100)).Select(claimed => claimed.Id).ShouldContain(operation.Id);
        return lease;
    }

    private async Task<(MailState State, int Epoch)> StateAsync(Guid id) => await Store.MailAsync(id) is var mail ? (mail.State, mail.Epoch) : default;

    private async Task<Guid> ScheduleAsync(string sender)
    {
        var record = Make.Record(attempt: 0) with { Sender = sender };
        await Store.Schedules.StoreAsync(record, new ScheduledRecord(DateTimeOffset.UtcNow.AddHours(1), Bytes));
        return record.Identity.MailId;
    }

    /// <summary>A mail that waits for its next attempt.</summary>
    private async Task<Guid> DelayAsync(string sender, RecipientOutcome outcome = RecipientOutcome.Deferred)
    {
        var record = Make.Record() with { Sender = sender };
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.WriteOutboxEntryAsync(
            record, claim.FencingToken, new OutboxEntry.Redelivery(2, DateTimeOffset.UtcNow.AddMinutes(1), "451"), [new RecipientReply("b@example.com", outcome)]);
        return record.Identity.MailId;
    }

    private async Task<Guid> SendAsync(string sender)
    {
        var record = Make.Record() with { Sender = sender };
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.RecordSentAsync(record, claim.FencingToken, [new RecipientReply("b@example.com", RecipientOutcome.Accepted, 250)]);
        return record.Identity.MailId;
    }

    private async Task<Guid> HoldAsync(string sender)
    {
        var hold = await Store.Holds.CreateAsync(new NewHold(HoldScope.Sender, sender, HoldMode.Wait, null, "a flood"), "ann");
        var record = Make.Record() with { Sender = sender };
        (await Store.Mails.HoldAsync(record, hold.Id, Bytes, Worker)).ShouldBeOfType<ClaimResult.Held>();
        return record.Identity.MailId;
    }
}
