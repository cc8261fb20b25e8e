using NUnit.Framework;
using Persistence.Deliveries;
using Shouldly;

namespace Persistence.Tests.Deliveries;

public sealed class ClaimTests : BooksTests
{
    [Test]
    public async Task Of_twenty_workers_that_meet_a_new_mail_one_sends_and_the_others_wait()
    {
        var workers = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Books.StartWorkerAsync($"race:{number}")));
        for (var round = 0; round < 10; round++)
        {
            var record = Make.Record();
            var results = await Task.WhenAll(workers.Select(worker => Task.Run(() => Books.Deliveries.ClaimAsync(record, worker))));
            results.OfType<ClaimResult.Claimed>().ShouldHaveSingleItem().FencingToken.ShouldBe(1);
            results.OfType<ClaimResult.Busy>().Count().ShouldBe(19);
        }
    }

    [Test]
    public async Task Of_twenty_workers_that_find_a_lapsed_lease_one_takes_the_mail_over()
    {
        var workers = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Books.StartWorkerAsync($"race:{number}")));
        for (var round = 0; round < 10; round++)
        {
            var record = Make.Record();
            var lost = await Books.StartWorkerAsync("lost:1");
            await Books.ClaimAsync(record, lost);
            await Books.LoseLeaseAsync(lost);
            var results = await Task.WhenAll(workers.Select(worker => Task.Run(() => Books.Deliveries.ClaimAsync(record, worker))));
            results.OfType<ClaimResult.Claimed>().ShouldHaveSingleItem().TakenOverFrom.ShouldBe(lost);
            results.OfType<ClaimResult.Busy>().Count().ShouldBe(19);
        }
    }

    [Test]
    public async Task A_claim_writes_the_mail_and_its_outcome_each_recipient_once()
    {
        var record = Make.Record() with
        {
            Recipients = [new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Bcc), new("b@example.com", RecipientKind.Cc)],
        };
        var claim = await Books.ClaimAsync(record, Worker);

        claim.OpenRecipients.ShouldBe([new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Bcc)]);
        claim.MessageIdHeader.ShouldBe(record.MessageIdHeader);
        var mail = await Books.MailAsync(record.Identity.MailId);
        mail.State.ShouldBe(MailState.Sending);
        mail.WorkerId.ShouldBe(Worker);
        mail.ContentHash.ShouldBe(record.ContentHash);
        mail.RecordTimestamp.ShouldBe(record.Timestamp);
        mail.Recipients.ShouldBeEmpty();

        await Books.Deliveries.RecordHandOverAsync(record, claim.FencingToken, new HandOver.Redelivery(2, Make.Noon, "no connection"), []);
        mail = await Books.MailAsync(record.Identity.MailId);
        mail.Recipients.Select(recipient => (recipient.Address, recipient.Kind, recipient.Outcome)).ShouldBe(
            [("b@example.com", RecipientKind.To, RecipientOutcome.Pending), ("c@example.com", RecipientKind.Bcc, RecipientOutcome.Pending)]);
    }

    [Test]
    public async Task Text_that_Postgres_does_not_take_is_mended_and_the_mail_claimed()
    {
        var record = Make.Record() with { Subject = "a\0b\ud800c", Key = "k\0", Sender = "a\0@example.com", Recipients = [new("b\0@example.com", RecipientKind.To)] };
        var claim = await Books.ClaimAsync(record, Worker);
        var address = claim.OpenRecipients.ShouldHaveSingleItem().Address;
        await Books.Deliveries.RecordSentAsync(record, claim.FencingToken, [new RecipientAnswer(address, RecipientOutcome.Accepted, 250)]);
        var mail = await Books.MailAsync(record.Identity.MailId);
        mail.Subject.ShouldBe("a\ufffdb\ufffdc");
        var recipient = mail.Recipients.ShouldHaveSingleItem();
        (recipient.Address, recipient.Outcome).ShouldBe(("b\ufffd@example.com", RecipientOutcome.Accepted));
    }

    [Test]
    public async Task A_worker_without_a_lease_claims_nothing()
    {
        var lapsed = await Books.StartWorkerAsync();
        await Books.LoseLeaseAsync(lapsed);
        var record = Make.Record();
        (await Books.Deliveries.ClaimAsync(record, lapsed)).ShouldBeOfType<ClaimResult.NoLease>();
        (await Books.Deliveries.ClaimAsync(record, Guid.NewGuid())).ShouldBeOfType<ClaimResult.NoLease>();
        (await Books.Deliveries.FindAsync(record.Identity.MailId)).ShouldBeNull();
    }

    [Test]
    public async Task A_busy_mail_names_its_worker_and_the_end_of_its_lease()
    {
        var other = await Books.StartWorkerAsync("other:9");
        var record = Make.Record();
        await Books.ClaimAsync(record, other);
        var busy = (await Books.Deliveries.ClaimAsync(record, Worker)).ShouldBeOfType<ClaimResult.Busy>();
        busy.WorkerName.ShouldBe("other:9");
        busy.LeaseUntil.ShouldBeGreaterThan(DateTimeOffset.UtcNow);
    }

    [Test]
    public async Task A_take_over_counts_an_unknown_outcome_and_leaves_the_open_recipients_in_doubt()
    {
        var lost = await Books.StartWorkerAsync("lost:2");
        var record = Make.Record();
        await Books.ClaimAsync(record, lost);
        await Books.LoseLeaseAsync(lost);
        var claim = await Books.ClaimAsync(record, Worker);

        claim.OpenRecipients.Count.ShouldBe(1);
        var mail = await Books.MailAsync(record.Identity.MailId);
        mail.UnknownOutcomes.ShouldBe(1);
        mail.TakenOverFrom.ShouldBe(lost);
        mail.Recipients.Single().Outcome.ShouldBe(RecipientOutcome.Unknown);
    }

    [Test]
    public async Task A_worker_that_takes_back_a_take_over_whose_answer_was_lost_learns_of_the_doubt()
    {
        var lost = await Books.StartWorkerAsync("lost:4");
        var record = Make.Record();
        await Books.ClaimAsync(record, lost);
        await Books.LoseLeaseAsync(lost);
        await Books.ClaimAsync(record, Worker);

        for (var i = 0; i < 2; i++)
            (await Books.Deliveries.ClaimAsync(record, Worker, reclaimOwn: true)).ShouldBeOfType<ClaimResult.Claimed>().TakenOverFrom.ShouldBe(lost);
        (await Books.MailAsync(record.Identity.MailId)).UnknownOutcomes.ShouldBe(1);
    }

    [Test]
    public async Task A_worker_takes_back_a_claim_whose_answer_was_lost_without_counting_it_as_unknown()
    {
        var record = Make.Record();
        await Books.ClaimAsync(record, Worker);
        (await Books.Deliveries.ClaimAsync(record, Worker)).ShouldBeOfType<ClaimResult.Busy>();
        var again = (await Books.Deliveries.ClaimAsync(record, Worker, reclaimOwn: true)).ShouldBeOfType<ClaimResult.Claimed>();
        again.FencingToken.ShouldBe(2);
        again.TakenOverFrom.ShouldBe(Worker);
        (await Books.MailAsync(record.Identity.MailId)).UnknownOutcomes.ShouldBe(0);
    }

    [Test]
    public async Task Taking_back_ones_own_claim_takes_nobody_elses()
    {
        var record = Make.Record();
        await Books.ClaimAsync(record, await Books.StartWorkerAsync("other:10"));
        (await Books.Deliveries.ClaimAsync(record, Worker, reclaimOwn: true)).ShouldBeOfType<ClaimResult.Busy>().WorkerName.ShouldBe("other:10");
    }

    [Test]
    public async Task Other_content_under_the_same_id_is_a_conflict_and_a_copy_of_the_same_content_is_not()
    {
        var record = Make.Record();
        var claim = await Books.ClaimAsync(record, Worker);
        await Books.Deliveries.RecordSentAsync(record, claim.FencingToken, []);

        (await Books.Deliveries.ClaimAsync(Make.Record(record.Identity.MailId, content: "other", offset: 8), Worker))
            .ShouldBeOfType<ClaimResult.IdempotencyConflict>();
        (await Books.Deliveries.ClaimAsync(Make.Record(record.Identity.MailId, offset: 8), Worker))
            .ShouldBeOfType<ClaimResult.Stale>().State.ShouldBe(MailState.Sent);
    }
}
