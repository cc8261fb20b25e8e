using NUnit.Framework;
using Persistence.Deliveries;
using Shouldly;

namespace Persistence.Tests.Deliveries;

public sealed class OutcomeTests : BooksTests
{
    private static readonly DateTimeOffset Due = Make.Noon.AddSeconds(1);

    private static HandOver.Redelivery Again => new(2, Due, "451 4.3.0 try later");

    [Test]
    public async Task A_sent_mail_keeps_the_answers_of_its_recipients()
    {
        var record = Make.Record();
        var claim = await Books.ClaimAsync(record, Worker);
        (await Books.Deliveries.RecordSentAsync(record, claim.FencingToken, [Accepted(record)])).ShouldBeTrue();
        (await Books.Deliveries.RecordSentAsync(record, claim.FencingToken, [Accepted(record)])).ShouldBeTrue();

        var mail = await Books.MailAsync(record.Identity.MailId);
        mail.State.ShouldBe(MailState.Sent);
        mail.SentAt.ShouldNotBeNull();
        mail.EndedAt.ShouldBe(mail.SentAt);
        var recipient = mail.Recipients.Single();
        (recipient.Outcome, recipient.ReplyCode, recipient.EnhancedCode, recipient.ReplyText)
            .ShouldBe((RecipientOutcome.Accepted, 250, "2.0.0", "queued"));
    }

    [Test]
    public async Task A_redelivery_is_produced_again_until_it_is_marked_and_the_next_attempt_claims_it()
    {
        var record = Make.Record();
        var claim = await Books.ClaimAsync(record, Worker);
        (await Books.Deliveries.RecordHandOverAsync(record, claim.FencingToken, Again, [])).ShouldBeTrue();
        (await Books.Deliveries.RecordHandOverAsync(record, claim.FencingToken, Again, [])).ShouldBeTrue();

        var pending = (await Books.Deliveries.ClaimAsync(record, Worker)).ShouldBeOfType<ClaimResult.HandOverPending>();
        pending.ShouldBe(new ClaimResult.HandOverPending(HandOverKind.Redelivery, 2, Due, "451 4.3.0 try later"));
        (await Books.Deliveries.MarkHandedOverAsync(record.Identity)).ShouldBeTrue();
        (await Books.Deliveries.MarkHandedOverAsync(record.Identity)).ShouldBeTrue();
        (await Books.Deliveries.ClaimAsync(record, Worker)).ShouldBeOfType<ClaimResult.Stale>();

        var next = await Books.ClaimAsync(record.Next(attempt: 2), Worker);
        next.FencingToken.ShouldBe(2);
        (await Books.Deliveries.MarkHandedOverAsync(record.Identity)).ShouldBeFalse();
    }

    [Test]
    public async Task A_dead_letter_is_produced_again_until_it_is_marked()
    {
        var record = Make.Record();
        var claim = await Books.ClaimAsync(record, Worker);
        await Books.Deliveries.RecordHandOverAsync(record, claim.FencingToken, new HandOver.DeadLetter("550"), [], "SmtpCommandException: 550");

        var mail = await Books.MailAsync(record.Identity.MailId);
        (mail.State, mail.LastError, mail.HandOver).ShouldBe((MailState.Dead, "SmtpCommandException: 550", HandOverKind.DeadLetter));
        mail.EndedAt.ShouldNotBeNull();
        (await Books.Deliveries.ClaimAsync(record, Worker)).ShouldBe(new ClaimResult.HandOverPending(HandOverKind.DeadLetter, null, null, "550"));
        await Books.Deliveries.MarkHandedOverAsync(record.Identity);
        (await Books.Deliveries.ClaimAsync(record, Worker)).ShouldBe(new ClaimResult.Stale(MailState.Dead, 0, 1));
    }

    [Test]
    public async Task A_worker_that_lost_the_mail_cannot_hand_it_over_or_give_it_back()
    {
        var (record, old) = await TakenOverAsync();
        (await Books.Deliveries.RecordHandOverAsync(record, old, Again, [Deferred(record)])).ShouldBeFalse();
        (await Books.Deliveries.ReleaseAsync(record.Identity, old)).ShouldBeFalse();

        var mail = await Books.MailAsync(record.Identity.MailId);
        (mail.State, mail.FencingToken, mail.HandOver).ShouldBe((MailState.Sending, 2L, null));
        mail.Recipients.Single().Outcome.ShouldBe(RecipientOutcome.Unknown);
    }

    [Test]
    public async Task A_servers_answer_is_kept_whatever_the_fence_says()
    {
        var (record, old) = await TakenOverAsync();
        (await Books.Deliveries.RecordSentAsync(record, old, [Accepted(record)])).ShouldBeFalse();

        var mail = await Books.MailAsync(record.Identity.MailId);
        mail.State.ShouldBe(MailState.Sent);
        mail.Recipients.Single().Outcome.ShouldBe(RecipientOutcome.Accepted);
        // The one that took it over learns that it is no longer its own.
        (await Books.Deliveries.RecordHandOverAsync(record, 2, Again, [Deferred(record)])).ShouldBeFalse();
        (await Books.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sent);
    }

    [Test]
    public async Task A_recipient_that_accepted_stays_accepted_and_is_closed_in_the_next_attempt()
    {
        var record = Make.Record() with { Recipients = [new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Cc)] };
        var claim = await Books.ClaimAsync(record, Worker);
        await Books.Deliveries.RecordHandOverAsync(
            record, claim.FencingToken, Again,
            [Accepted(record), new RecipientAnswer("c@example.com", RecipientOutcome.Unknown)]);

        var next = record.Next(attempt: 2);
        claim = await Books.ClaimAsync(next, Worker);
        claim.OpenRecipients.Select(recipient => recipient.Address).ShouldBe(["c@example.com"]);
        await Books.Deliveries.RecordHandOverAsync(next, claim.FencingToken, Again with { NextAttempt = 3 }, [Deferred(record)]);

        var mail = await Books.MailAsync(record.Identity.MailId);
        mail.UnknownOutcomes.ShouldBe(1);
        mail.Recipients.Select(recipient => recipient.Outcome).ShouldBe([RecipientOutcome.Accepted, RecipientOutcome.Unknown]);
    }

    [Test]
    public async Task A_later_answer_does_not_take_back_that_a_recipient_accepted()
    {
        var record = Make.Record();
        var claim = await Books.ClaimAsync(record, Worker);
        await Books.Deliveries.RecordSentAsync(record, claim.FencingToken, [Accepted(record)]);
        await Books.Deliveries.RecordSentAsync(record, claim.FencingToken, [Deferred(record)]);
        (await Books.MailAsync(record.Identity.MailId)).Recipients.Single().Outcome.ShouldBe(RecipientOutcome.Accepted);
    }

    [Test]
    public async Task A_claim_that_is_given_back_is_claimed_by_the_same_record()
    {
        var record = Make.Record();
        var claim = await Books.ClaimAsync(record, Worker);
        (await Books.Deliveries.ReleaseAsync(record.Identity, claim.FencingToken)).ShouldBeTrue();
        (await Books.Deliveries.ReleaseAsync(record.Identity, claim.FencingToken)).ShouldBeTrue();
        (await Books.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Queued);
        (await Books.ClaimAsync(record, Worker)).TakenOverFrom.ShouldBeNull();
    }

    [Test]
    public async Task A_mail_that_nobody_met_is_not_found_and_its_outcome_not_recorded()
    {
        var record = Make.Record();
        (await Books.Deliveries.FindAsync(record.Identity.MailId)).ShouldBeNull();
        (await Books.Deliveries.RecordSentAsync(record, 1, [])).ShouldBeFalse();
    }

    [Test]
    public async Task The_mails_of_a_recipient_are_found_in_whatever_case_newest_first()
    {
        var first = Make.Record(to: "Someone@Example.com");
        var second = Make.Record(to: "someone@example.COM");
        foreach (var record in new[] { first, second })
        {
            var claim = await Books.ClaimAsync(record, Worker);
            await Books.Deliveries.RecordSentAsync(record, claim.FencingToken, [Accepted(record)]);
        }

        var found = await Books.Deliveries.ListByRecipientAsync("SOMEONE@example.com", 10);
        found.Select(mail => mail.Id).ShouldBe([second.Identity.MailId, first.Identity.MailId]);
    }

    private static RecipientAnswer Accepted(MailRecord record) =>
        new(record.Recipients[0].Address, RecipientOutcome.Accepted, 250, "2.0.0", "queued");

    private static RecipientAnswer Deferred(MailRecord record) =>
        new(record.Recipients[0].Address, RecipientOutcome.Deferred, 451, "4.3.0", "try later");

    private async Task<(MailRecord Record, long OldToken)> TakenOverAsync()
    {
        var lost = await Books.StartWorkerAsync("lost:3");
        var record = Make.Record();
        var claim = await Books.ClaimAsync(record, lost);
        await Books.LoseLeaseAsync(lost);
        await Books.ClaimAsync(record, Worker);
        return (record, claim.FencingToken);
    }
}
