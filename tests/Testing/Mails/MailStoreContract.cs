using System.Security.Cryptography;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;

namespace Testing.Mails;

/// <summary>What a worker counts on of <see cref="IMailStore"/>: runs on every implementation of it.</summary>
public abstract class MailStoreContract
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    private static OutboxEntry.Redelivery Again => new(2, Noon.AddSeconds(1), "451 4.3.0 try later");

    /// <summary>The store.</summary>
    protected abstract IMailStore Mails { get; }

    /// <summary>A worker with a lease.</summary>
    protected abstract Task<Guid> StartWorkerAsync();

    /// <summary>Its lease runs out.</summary>
    protected abstract Task LoseLeaseAsync(Guid worker);

    [Test]
    public async Task Of_twenty_workers_that_read_a_new_mail_one_sends_and_the_others_wait()
    {
        var workers = await WorkersAsync(20);
        for (var round = 0; round < 10; round++)
        {
            var record = Record();
            var results = await Task.WhenAll(workers.Select(worker => Task.Run(() => Mails.ClaimAsync(record, worker))));
            results.OfType<ClaimResult.Claimed>().ShouldHaveSingleItem().FencingToken.ShouldBe(1);
            results.OfType<ClaimResult.Busy>().Count().ShouldBe(19);
        }
    }

    [Test]
    public async Task Of_twenty_workers_that_find_a_lapsed_lease_one_takes_the_mail_over()
    {
        var workers = await WorkersAsync(20);
        for (var round = 0; round < 10; round++)
        {
            var (record, lost, _) = await LostClaimAsync();
            var results = await Task.WhenAll(workers.Select(worker => Task.Run(() => Mails.ClaimAsync(record, worker))));
            results.OfType<ClaimResult.Claimed>().ShouldHaveSingleItem().TakenOverFrom.ShouldBe(lost);
            results.OfType<ClaimResult.Busy>().Count().ShouldBe(19);
        }
    }

    [Test]
    public async Task A_claim_has_the_recipients_of_its_record_each_once()
    {
        var record = Record() with
        {
            Recipients = [new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Bcc), new("b@example.com", RecipientKind.Cc)],
        };
        var claim = await ClaimAsync(record);
        claim.OpenRecipients.ShouldBe([new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Bcc)]);
        (claim.MessageIdHeader, claim.FirstTimestamp, claim.TakenOverFrom).ShouldBe((record.MessageIdHeader, record.Timestamp, null));
        claim.Rejected.ShouldBeEmpty();
    }

    [Test]
    public async Task A_worker_without_a_lease_claims_nothing()
    {
        var lapsed = await StartWorkerAsync();
        await LoseLeaseAsync(lapsed);
        var record = Record();
        (await Mails.ClaimAsync(record, lapsed)).ShouldBeOfType<ClaimResult.NoLease>();
        (await Mails.ClaimAsync(record, Guid.NewGuid())).ShouldBeOfType<ClaimResult.NoLease>();
        (await ClaimAsync(record)).FencingToken.ShouldBe(1);
    }

    [Test]
    public async Task A_worker_reclaims_its_own_claim_and_nobody_elses()
    {
        var (worker, other) = (await StartWorkerAsync(), await StartWorkerAsync());
        var record = Record();
        await ClaimAsync(record, worker);
        var busy = (await Mails.ClaimAsync(record, worker)).ShouldBeOfType<ClaimResult.Busy>();
        (busy.WorkerId, busy.FencingToken).ShouldBe((worker, 1));
        (await Mails.ClaimAsync(record, other, reclaim: 1)).ShouldBeOfType<ClaimResult.Busy>().WorkerId.ShouldBe(worker);
        var again = (await Mails.ClaimAsync(record, worker, reclaim: 1)).ShouldBeOfType<ClaimResult.Claimed>();
        (again.FencingToken, again.TakenOverFrom).ShouldBe((2, null));
        (await Mails.ClaimAsync(record, worker, reclaim: 1)).ShouldBeOfType<ClaimResult.Busy>().FencingToken.ShouldBe(2, "that claim is over");
    }

    [Test]
    public async Task A_worker_that_reclaims_a_mail_it_took_over_learns_again_from_whom()
    {
        var (record, lost, _) = await LostClaimAsync();
        var worker = await StartWorkerAsync();
        var token = (await ClaimAsync(record, worker)).FencingToken;
        for (var i = 0; i < 2; i++)
            (await Mails.ClaimAsync(record, worker, reclaim: token++)).ShouldBeOfType<ClaimResult.Claimed>().TakenOverFrom.ShouldBe(lost);
    }

    [Test]
    public async Task Other_content_under_the_same_id_is_a_conflict_and_a_copy_of_the_same_content_is_not()
    {
        var record = Record();
        var claim = await ClaimAsync(record);
        await Mails.RecordSentAsync(record, claim.FencingToken, []);
        var worker = await StartWorkerAsync();
        (await Mails.ClaimAsync(record with { ContentHash = SHA256.HashData("other"u8), Offset = 8 }, worker)).ShouldBeOfType<ClaimResult.IdempotencyConflict>();
        (await Mails.ClaimAsync(record with { Offset = 8 }, worker)).ShouldBe(new ClaimResult.Stale(MailState.Sent, 0, 1));
    }

    [Test]
    public async Task A_redelivery_is_produced_again_until_it_is_published_and_the_next_attempt_claims_it()
    {
        var record = Record();
        var worker = await StartWorkerAsync();
        var claim = await ClaimAsync(record, worker);
        (await Mails.WriteOutboxEntryAsync(record, claim.FencingToken, Again, [])).ShouldBeTrue();
        (await Mails.WriteOutboxEntryAsync(record, claim.FencingToken, Again, [])).ShouldBeTrue("twice is once");

        (await Mails.ClaimAsync(record, worker)).ShouldBe(new ClaimResult.OutboxPending(OutboxKind.Redelivery, 2, Again.Due, Again.Reason));
        (await Mails.MarkPublishedAsync(record.Identity)).ShouldBeTrue();
        (await Mails.MarkPublishedAsync(record.Identity)).ShouldBeTrue("twice is once");
        (await Mails.ClaimAsync(record, worker)).ShouldBe(new ClaimResult.Stale(MailState.Queued, 0, 1));

        (await ClaimAsync(With(record, attempt: 2), worker)).FencingToken.ShouldBe(2);
        (await Mails.MarkPublishedAsync(record.Identity)).ShouldBeFalse("the mail has moved on");
    }

    [Test]
    public async Task A_dead_letter_is_produced_again_until_it_is_published()
    {
        var record = Record();
        var worker = await StartWorkerAsync();
        var claim = await ClaimAsync(record, worker);
        await Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.DeadLetter("550"), [], "SmtpCommandException: 550");
        (await Mails.ClaimAsync(record, worker)).ShouldBe(new ClaimResult.OutboxPending(OutboxKind.DeadLetter, null, null, "550"));
        await Mails.MarkPublishedAsync(record.Identity);
        (await Mails.ClaimAsync(record, worker)).ShouldBe(new ClaimResult.Stale(MailState.Dead, 0, 1));
    }

    [Test]
    public async Task A_replay_opens_those_that_were_rejected_and_none_that_accepted()
    {
        var record = Record() with { Recipients = [new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Cc)] };
        var claim = await ClaimAsync(record);
        await Mails.WriteOutboxEntryAsync(
            record, claim.FencingToken, Again, [Reply("b@example.com", RecipientOutcome.Accepted), Reply("c@example.com", RecipientOutcome.Rejected)]);

        var next = await ClaimAsync(With(record, attempt: 2));
        next.OpenRecipients.ShouldBeEmpty();
        next.Rejected.ShouldBe(["c@example.com"]);
        await Mails.WriteOutboxEntryAsync(With(record, attempt: 2), next.FencingToken, new OutboxEntry.DeadLetter("550"), []);

        var replay = await ClaimAsync(With(record, epoch: 1));
        replay.OpenRecipients.Select(recipient => recipient.Address).ShouldBe(["c@example.com"]);
        replay.Rejected.ShouldBeEmpty();
    }

    [Test]
    public async Task A_worker_that_lost_the_mail_writes_no_outbox_entry_and_leaves_nothing()
    {
        var (record, _, old) = await LostClaimAsync();
        var worker = await StartWorkerAsync();
        await ClaimAsync(record, worker);
        (await Mails.WriteOutboxEntryAsync(record, old, Again, [Reply("b@example.com", RecipientOutcome.Deferred)])).ShouldBeFalse();
        (await Mails.LeaveAsync(record, old, [])).ShouldBeFalse();
        (await Mails.LeaveAsync(record, old, [Reply("b@example.com", RecipientOutcome.Unknown)])).ShouldBeFalse();
        (await Mails.ListHeldAsync(worker, [record.Identity.MailId])).ShouldBe([new HeldClaim(record.Identity, old + 1, IsTakenOver: true)]);
    }

    [Test]
    public async Task A_mail_that_was_sent_is_sent_whatever_claim_it_was_sent_under()
    {
        var (record, _, old) = await LostClaimAsync();
        var claim = await ClaimAsync(record);
        (await Mails.RecordSentAsync(record, old, [Reply("b@example.com", RecipientOutcome.Accepted)])).ShouldBeFalse();
        (await Mails.WriteOutboxEntryAsync(record, claim.FencingToken, Again, [Reply("b@example.com", RecipientOutcome.Deferred)])).ShouldBeFalse();
        (await Mails.ClaimAsync(record, await StartWorkerAsync())).ShouldBe(new ClaimResult.Stale(MailState.Sent, 0, 1));
    }

    [Test]
    public async Task A_mail_that_was_left_is_claimed_by_the_same_record_with_nothing_unknown()
    {
        var record = Record();
        var claim = await ClaimAsync(record);
        (await Mails.LeaveAsync(record, claim.FencingToken, [])).ShouldBeTrue();
        (await Mails.LeaveAsync(record, claim.FencingToken, [])).ShouldBeTrue("twice is once");
        (await ClaimAsync(record)).TakenOverFrom.ShouldBeNull();
    }

    [Test]
    public async Task A_mail_that_is_left_half_sent_is_not_sent_again_to_those_that_have_it()
    {
        var record = Record() with
        {
            Recipients =
            [
                new("a@example.com", RecipientKind.To), new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Cc),
            ],
        };
        var claim = await ClaimAsync(record);
        RecipientReply[] replies = [Reply("a@example.com", RecipientOutcome.Accepted), Reply("b@example.com", RecipientOutcome.Rejected)];
        (await Mails.LeaveAsync(record, claim.FencingToken, replies)).ShouldBeTrue();
        (await Mails.LeaveAsync(record, claim.FencingToken, replies)).ShouldBeTrue("twice is once");

        var again = await ClaimAsync(record);
        again.OpenRecipients.Select(recipient => recipient.Address).ShouldBe(["c@example.com"]);
        again.Rejected.ShouldHaveSingleItem().ShouldContain("b@example.com");
        again.TakenOverFrom.ShouldBeNull();
        (await Mails.LeaveAsync(record, claim.FencingToken, [])).ShouldBeFalse("another claim has it");
    }

    [Test]
    public async Task A_mail_that_was_left_with_an_unknown_outcome_is_taken_over_at_once_also_by_the_same_worker([Values] bool byReply)
    {
        var record = Record();
        var worker = await StartWorkerAsync();
        var claim = await ClaimAsync(record, worker);
        (await Mails.ListHeldAsync(worker, [record.Identity.MailId, Guid.NewGuid()])).ShouldBe([new HeldClaim(record.Identity, claim.FencingToken, IsTakenOver: false)]);
        (await LeaveUnknownAsync()).ShouldBeTrue();
        (await LeaveUnknownAsync()).ShouldBeTrue("twice is once");
        (await Mails.ListHeldAsync(worker, [record.Identity.MailId])).ShouldBeEmpty();
        (await ClaimAsync(record, worker)).TakenOverFrom.ShouldBe(Guid.Empty);
        (await LeaveUnknownAsync()).ShouldBeFalse("another claim has it");

        Task<bool> LeaveUnknownAsync() => byReply
            ? Mails.LeaveAsync(record, claim.FencingToken, [Reply("b@example.com", RecipientOutcome.Unknown)])
            : Mails.LeaveAsync(record, claim.FencingToken, [], isUnknown: true);
    }

    [Test]
    public async Task Who_has_the_mail_is_not_sent_to_again_though_the_outcome_of_others_is_unknown()
    {
        var record = Record() with { Recipients = [new("a@example.com", RecipientKind.To), new("b@example.com", RecipientKind.To)] };
        var claim = await ClaimAsync(record);
        await Mails.LeaveAsync(record, claim.FencingToken, [Reply("a@example.com", RecipientOutcome.Accepted), Reply("b@example.com", RecipientOutcome.Unknown)]);
        (await ClaimAsync(record)).OpenRecipients.Select(recipient => recipient.Address).ShouldBe(["b@example.com"]);
    }

    [Test]
    public async Task The_outcome_of_a_mail_that_was_never_claimed_is_not_recorded()
    {
        var record = Record();
        (await Mails.RecordSentAsync(record, 1, [])).ShouldBeFalse();
        (await Mails.WriteOutboxEntryAsync(record, 1, Again, [])).ShouldBeFalse();
        (await Mails.MarkPublishedAsync(record.Identity)).ShouldBeFalse();
        (await Mails.LeaveAsync(record, 1, [])).ShouldBeFalse();
        (await ClaimAsync(record)).FencingToken.ShouldBe(1);
    }

    private static MailRecord Record() => new()
    {
        Identity = new RecordIdentity(Guid.CreateVersion7(), 0, 1),
        MessageIdHeader = "<1@example.com>",
        Topic = "email.send",
        Partition = 1,
        Offset = 7,
        Timestamp = Noon,
        Sender = "a@example.com",
        ContentHash = SHA256.HashData("body"u8),
        Recipients = [new Recipient("b@example.com", RecipientKind.To)],
    };

    private static MailRecord With(MailRecord record, int epoch = 0, int attempt = 1) => record with { Identity = new RecordIdentity(record.Identity.MailId, epoch, attempt) };

    private static RecipientReply Reply(string address, RecipientOutcome outcome) => new(address, outcome, 250, "2.0.0", "a reply");

    private Task<Guid[]> WorkersAsync(int count) => Task.WhenAll(Enumerable.Range(0, count).Select(_ => StartWorkerAsync()));

    private async Task<ClaimResult.Claimed> ClaimAsync(MailRecord record, Guid? worker = null) =>
        (await Mails.ClaimAsync(record, worker ?? await StartWorkerAsync())).ShouldBeOfType<ClaimResult.Claimed>();

    /// <summary>A mail whose worker lost its lease while it was sending.</summary>
    private async Task<(MailRecord Record, Guid Worker, long Token)> LostClaimAsync()
    {
        var record = Record();
        var worker = await StartWorkerAsync();
        var claim = await ClaimAsync(record, worker);
        await LoseLeaseAsync(worker);
        return (record, worker, claim.FencingToken);
    }
}
