using System.Security.Cryptography;
using NUnit.Framework;
using Persistence.Holds;
using Persistence.Mails;
using Shouldly;

namespace Testing.Mails;

/// <summary>What a worker counts on of <see cref="IMailStore"/> where there are holds: runs on every implementation of it.</summary>
public abstract class HoldContract
{
    private static readonly WaitingRecord Waiting = new("key"u8.ToArray(), "value"u8.ToArray(), []);

    /// <summary>The store.</summary>
    protected abstract IMailStore Mails { get; }

    /// <summary>A worker with a lease.</summary>
    protected abstract Task<Guid> StartWorkerAsync();

    /// <summary>Its lease runs out.</summary>
    protected abstract Task LoseLeaseAsync(Guid worker);

    /// <summary>A hold on all mails that wait.</summary>
    protected abstract Task<Hold> MakeHoldAsync();

    /// <summary>The hold is released.</summary>
    protected abstract Task ReleaseAsync(Hold hold);

    [Test]
    public async Task Who_does_not_know_of_a_hold_claims_nothing_and_who_does_claims_what_it_is_not_on()
    {
        var worker = await StartWorkerAsync();
        var hold = await MakeHoldAsync();
        foreach (var record in new[] { Record(), With(Record(), attempt: 2), With(Record(), epoch: 1) })
        {
            (await Mails.ClaimAsync(record, worker, holds: hold.Number - 1)).ShouldBeOfType<ClaimResult.HoldsChanged>();
            (await Mails.ClaimAsync(record, worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Claimed>();
        }
    }

    [Test]
    public async Task A_held_mail_has_its_record_in_its_row_and_every_copy_of_it_is_stale()
    {
        var worker = await StartWorkerAsync();
        var hold = await MakeHoldAsync();
        foreach (var record in new[] { Record(), With(Record(), attempt: 2) })
        {
            (await Mails.HoldAsync(record, hold.Id, Waiting, worker)).ShouldBe(new ClaimResult.Held(hold.Id));
            (await Mails.HoldAsync(record, hold.Id, Waiting, worker)).ShouldBeOfType<ClaimResult.Stale>().State.ShouldBe(MailState.Held);
            (await Mails.ClaimAsync(record, worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Stale>();
        }
    }

    [Test]
    public async Task A_hold_that_is_over_holds_nothing()
    {
        var worker = await StartWorkerAsync();
        var hold = await MakeHoldAsync();
        await ReleaseAsync(hold);
        var record = Record();
        (await Mails.HoldAsync(record, hold.Id, Waiting, worker)).ShouldBeOfType<ClaimResult.HoldsChanged>();
        (await Mails.ClaimAsync(record, worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Claimed>();
    }

    [Test]
    public async Task A_mail_that_is_being_sent_is_not_held_and_one_whose_worker_is_gone_is()
    {
        var (worker, sending) = (await StartWorkerAsync(), await StartWorkerAsync());
        var hold = await MakeHoldAsync();
        var record = Record();
        await Mails.ClaimAsync(record, sending, holds: hold.Number);
        (await Mails.HoldAsync(record, hold.Id, Waiting, worker)).ShouldBeOfType<ClaimResult.Busy>().WorkerId.ShouldBe(sending);
        await LoseLeaseAsync(sending);
        (await Mails.HoldAsync(record, hold.Id, Waiting, worker)).ShouldBeOfType<ClaimResult.Held>();
    }

    [Test]
    public async Task A_claim_that_its_worker_has_lost_is_held_in_its_place()
    {
        var worker = await StartWorkerAsync();
        var hold = await MakeHoldAsync();
        var record = Record();
        var claim = (await Mails.ClaimAsync(record, worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Claimed>();
        (await Mails.HoldAsync(record, hold.Id, Waiting, worker)).ShouldBeOfType<ClaimResult.Busy>();
        (await Mails.HoldAsync(record, hold.Id, Waiting, worker, reclaim: claim.FencingToken)).ShouldBeOfType<ClaimResult.Held>();
    }

    [Test]
    public async Task What_claims_do_not_take_is_not_held_either()
    {
        var worker = await StartWorkerAsync();
        var hold = await MakeHoldAsync();
        var record = Record();
        var claim = (await Mails.ClaimAsync(record, worker, holds: hold.Number)).ShouldBeOfType<ClaimResult.Claimed>();
        await Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.Redelivery(2, DateTimeOffset.UnixEpoch, "451"), []);
        (await Mails.HoldAsync(record, hold.Id, Waiting, worker)).ShouldBeOfType<ClaimResult.OutboxPending>("the redelivery is produced, and held when it is read");
        (await Mails.HoldAsync(record with { ContentHash = SHA256.HashData("other"u8), Offset = 8 }, hold.Id, Waiting, worker)).ShouldBeOfType<ClaimResult.IdempotencyConflict>();
        (await Mails.HoldAsync(With(record, attempt: 2), hold.Id, Waiting, worker)).ShouldBeOfType<ClaimResult.Held>();
        (await Mails.MarkPublishedAsync(record.Identity)).ShouldBeFalse("a mark that comes late publishes nothing of what is in the row");
        (await Mails.HoldAsync(Record(), hold.Id, Waiting, Guid.NewGuid())).ShouldBeOfType<ClaimResult.NoLease>().ShouldNotBeNull();
    }

    private static MailRecord Record() => new()
    {
        Identity = new RecordIdentity(Guid.CreateVersion7(), 0, 1),
        MessageIdHeader = "<1@example.com>",
        Topic = "email.send",
        Partition = 1,
        Offset = 7,
        Timestamp = DateTimeOffset.UnixEpoch,
        Sender = "a@example.com",
        ContentHash = SHA256.HashData("body"u8),
        Recipients = [new Recipient("b@example.com", RecipientKind.To)],
    };

    private static MailRecord With(MailRecord record, int epoch = 0, int attempt = 1) => record with { Identity = new RecordIdentity(record.Identity.MailId, epoch, attempt) };
}
