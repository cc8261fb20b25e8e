using NUnit.Framework;
using Persistence.Mails;
using Shouldly;

namespace Persistence.Tests.Mails;

public sealed class ClaimTests : StoreTests
{
    [Test]
    public async Task A_claim_writes_the_mail_and_its_outcome_each_recipient_once()
    {
        var record = Make.Record() with
        {
            Recipients = [new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Bcc), new("b@example.com", RecipientKind.Cc)],
        };
        var claim = await Store.ClaimAsync(record, Worker);

        claim.OpenRecipients.ShouldBe([new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Bcc)]);
        claim.MessageIdHeader.ShouldBe(record.MessageIdHeader);
        var mail = await Store.MailAsync(record.Identity.MailId);
        mail.State.ShouldBe(MailState.Sending);
        mail.WorkerId.ShouldBe(Worker);
        mail.ContentHash.ShouldBe(record.ContentHash);
        mail.RecordTimestamp.ShouldBe(record.Timestamp);
        mail.Recipients.ShouldBeEmpty();

        await Store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.Redelivery(2, Make.Noon, "no connection"), []);
        mail = await Store.MailAsync(record.Identity.MailId);
        mail.Recipients.Select(recipient => (recipient.Address, recipient.Kind, recipient.Outcome)).ShouldBe(
            [("b@example.com", RecipientKind.To, RecipientOutcome.Pending), ("c@example.com", RecipientKind.Bcc, RecipientOutcome.Pending)]);
    }

    [Test]
    public async Task Text_that_Postgres_does_not_take_is_fixed_and_the_mail_claimed()
    {
        var record = Make.Record() with { Subject = "a\0b\ud800c", Key = "k\0", Sender = "a\0@example.com", Recipients = [new("b\0@example.com", RecipientKind.To)] };
        var claim = await Store.ClaimAsync(record, Worker);
        var address = claim.OpenRecipients.ShouldHaveSingleItem().Address;
        await Store.Mails.RecordSentAsync(record, claim.FencingToken, [new RecipientReply(address, RecipientOutcome.Accepted, 250)]);
        var mail = await Store.MailAsync(record.Identity.MailId);
        mail.Subject.ShouldBe("a\ufffdb\ufffdc");
        var recipient = mail.Recipients.ShouldHaveSingleItem();
        (recipient.Address, recipient.Outcome).ShouldBe(("b\ufffd@example.com", RecipientOutcome.Accepted));
    }

    [Test]
    public async Task A_worker_without_a_lease_claims_nothing()
    {
        var lapsed = await Store.StartWorkerAsync();
        await Store.LoseLeaseAsync(lapsed);
        var record = Make.Record();
        (await Store.Mails.ClaimAsync(record, lapsed)).ShouldBeOfType<ClaimResult.NoLease>();
        (await Store.Mails.ClaimAsync(record, Guid.NewGuid())).ShouldBeOfType<ClaimResult.NoLease>();
        (await Store.Mails.FindAsync(record.Identity.MailId)).ShouldBeNull();
    }

    [Test]
    public async Task A_busy_mail_names_its_worker_and_the_end_of_its_lease()
    {
        var other = await Store.StartWorkerAsync("other:9");
        var record = Make.Record();
        await Store.ClaimAsync(record, other);
        var busy = (await Store.Mails.ClaimAsync(record, Worker)).ShouldBeOfType<ClaimResult.Busy>();
        busy.WorkerName.ShouldBe("other:9");
        busy.LeaseUntil.ShouldBeGreaterThan(DateTimeOffset.UtcNow);
    }

    [Test]
    public async Task A_take_over_counts_an_unknown_outcome_and_makes_the_open_recipients_unknown()
    {
        var lost = await Store.StartWorkerAsync("lost:2");
        var record = Make.Record();
        await Store.ClaimAsync(record, lost);
        await Store.LoseLeaseAsync(lost);
        var claim = await Store.ClaimAsync(record, Worker);

        claim.OpenRecipients.Count.ShouldBe(1);
        var mail = await Store.MailAsync(record.Identity.MailId);
        mail.UnknownOutcomes.ShouldBe(1);
        mail.TakenOverFrom.ShouldBe(lost);
        mail.Recipients.Single().Outcome.ShouldBe(RecipientOutcome.Unknown);
    }

    [Test]
    public async Task A_reclaimed_take_over_counts_its_unknown_outcome_once()
    {
        var lost = await Store.StartWorkerAsync("lost:4");
        var record = Make.Record();
        await Store.ClaimAsync(record, lost);
        await Store.LoseLeaseAsync(lost);
        var token = (await Store.ClaimAsync(record, Worker)).FencingToken;

        for (var i = 0; i < 2; i++)
            (await Store.Mails.ClaimAsync(record, Worker, reclaim: token++)).ShouldBeOfType<ClaimResult.Claimed>().TakenOverFrom.ShouldBe(lost);
        (await Store.MailAsync(record.Identity.MailId)).UnknownOutcomes.ShouldBe(1);
    }

    [Test]
    public async Task A_worker_reclaims_a_claim_whose_response_was_lost_without_counting_it_as_unknown()
    {
        var record = Make.Record();
        await Store.ClaimAsync(record, Worker);
        (await Store.Mails.ClaimAsync(record, Worker)).ShouldBeOfType<ClaimResult.Busy>();
        var again = (await Store.Mails.ClaimAsync(record, Worker, reclaim: 1)).ShouldBeOfType<ClaimResult.Claimed>();
        again.FencingToken.ShouldBe(2);
        again.TakenOverFrom.ShouldBeNull("nothing was sent under it");
        (await Store.MailAsync(record.Identity.MailId)).UnknownOutcomes.ShouldBe(0);
    }

    [Test]
    public async Task A_mail_that_was_left_with_an_unknown_outcome_counts_it_once_also_for_the_worker_that_left_it()
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.LeaveAsync(record, claim.FencingToken, [new RecipientReply("b@example.com", RecipientOutcome.Unknown)]);
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sending, "it is nobody's, and not free to be canceled");

        (await Store.ClaimAsync(record, Worker)).TakenOverFrom.ShouldBe(Guid.Empty);
        (await Store.MailAsync(record.Identity.MailId)).UnknownOutcomes.ShouldBe(1);
    }

    [Test]
    public async Task A_recipient_that_was_deferred_before_is_unknown_once_its_worker_is_lost()
    {
        var lost = await Store.StartWorkerAsync("lost:5");
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, lost);
        await Store.Mails.WriteOutboxEntryAsync(
            record, claim.FencingToken, new OutboxEntry.Redelivery(2, Make.Noon, "451"), [new RecipientReply("b@example.com", RecipientOutcome.Deferred, 451)]);
        await Store.ClaimAsync(record.Next(attempt: 2), lost);
        await Store.LoseLeaseAsync(lost);

        await Store.ClaimAsync(record.Next(attempt: 2), Worker);

        (await Store.MailAsync(record.Identity.MailId)).Recipients.Single().Outcome.ShouldBe(RecipientOutcome.Unknown);
    }

    [Test]
    public async Task A_recipient_that_was_deferred_by_whoever_left_the_mail_stays_so()
    {
        var record = Make.Record() with { Recipients = [new Recipient("b@example.com", RecipientKind.To), new Recipient("c@example.com", RecipientKind.To)] };
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.LeaveAsync(
            record, claim.FencingToken, [new RecipientReply("b@example.com", RecipientOutcome.Deferred, 451), new RecipientReply("c@example.com", RecipientOutcome.Unknown)]);

        await Store.ClaimAsync(record, Worker);

        (await Store.MailAsync(record.Identity.MailId)).Recipients.Select(recipient => recipient.Outcome).ShouldBe([RecipientOutcome.Deferred, RecipientOutcome.Unknown]);
    }
}
