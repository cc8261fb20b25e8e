using NUnit.Framework;
using Persistence.Mails;
using Shouldly;

namespace Persistence.Tests.Mails;

public sealed class OutcomeTests : StoreTests
{
    private static readonly DateTimeOffset Due = Make.Noon.AddSeconds(1);

    private static OutboxEntry.Redelivery Again => new(2, Due, "451 4.3.0 try later");

    [Test]
    public async Task A_sent_mail_has_the_replies_of_its_recipients()
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        (await Store.Mails.RecordSentAsync(record, claim.FencingToken, [Accepted(record)])).ShouldBeTrue();
        (await Store.Mails.RecordSentAsync(record, claim.FencingToken, [Accepted(record)])).ShouldBeTrue();

        var mail = await Store.MailAsync(record.Identity.MailId);
        mail.State.ShouldBe(MailState.Sent);
        mail.SentAt.ShouldNotBeNull();
        mail.EndedAt.ShouldBe(mail.SentAt);
        var recipient = mail.Recipients.Single();
        (recipient.Outcome, recipient.ReplyCode, recipient.EnhancedCode, recipient.ReplyText)
            .ShouldBe((RecipientOutcome.Accepted, 250, "2.0.0", "queued"));
    }

    [Test]
    public async Task A_dead_letter_is_pending_until_it_is_published()
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.DeadLetter("550"), [], "SmtpCommandException: 550");

        var mail = await Store.MailAsync(record.Identity.MailId);
        (mail.State, mail.LastError, mail.OutboxEntry).ShouldBe((MailState.Dead, "SmtpCommandException: 550", OutboxKind.DeadLetter));
        mail.EndedAt.ShouldNotBeNull();
        (await Store.Mails.ClaimAsync(record, Worker)).ShouldBe(new ClaimResult.OutboxPending(OutboxKind.DeadLetter, null, null, "550"));
        await Store.Mails.MarkPublishedAsync(record.Identity);
        (await Store.Mails.ClaimAsync(record, Worker)).ShouldBe(new ClaimResult.Stale(MailState.Dead, 0, 1));
    }

    [Test]
    public async Task A_worker_that_lost_the_mail_cannot_write_an_outbox_entry_or_release_it()
    {
        var (record, old) = await TakenOverAsync();
        (await Store.Mails.WriteOutboxEntryAsync(record, old, Again, [Deferred(record)])).ShouldBeFalse();
        (await Store.Mails.LeaveAsync(record, old, [])).ShouldBeFalse();

        var mail = await Store.MailAsync(record.Identity.MailId);
        (mail.State, mail.FencingToken, mail.OutboxEntry).ShouldBe((MailState.Sending, 2L, null));
        mail.Recipients.Single().Outcome.ShouldBe(RecipientOutcome.Unknown);
    }

    [Test]
    public async Task A_servers_reply_is_stored_under_whatever_fencing_token()
    {
        var (record, old) = await TakenOverAsync();
        (await Store.Mails.RecordSentAsync(record, old, [Accepted(record)])).ShouldBeFalse();

        var mail = await Store.MailAsync(record.Identity.MailId);
        mail.State.ShouldBe(MailState.Sent);
        mail.Recipients.Single().Outcome.ShouldBe(RecipientOutcome.Accepted);
        // The one that took it over learns that it is no longer its own.
        (await Store.Mails.WriteOutboxEntryAsync(record, 2, Again, [Deferred(record)])).ShouldBeFalse();
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sent);
    }

    [Test]
    public async Task A_recipient_that_accepted_stays_accepted_and_is_closed_in_the_next_attempt()
    {
        var record = Make.Record() with { Recipients = [new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Cc)] };
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.WriteOutboxEntryAsync(
            record, claim.FencingToken, Again,
            [Accepted(record), new RecipientReply("c@example.com", RecipientOutcome.Unknown)]);

        var next = record.Next(attempt: 2);
        claim = await Store.ClaimAsync(next, Worker);
        claim.OpenRecipients.Select(recipient => recipient.Address).ShouldBe(["c@example.com"]);
        await Store.Mails.WriteOutboxEntryAsync(next, claim.FencingToken, Again with { NextAttempt = 3 }, [Deferred(record)]);

        var mail = await Store.MailAsync(record.Identity.MailId);
        mail.UnknownOutcomes.ShouldBe(1);
        mail.Recipients.Select(recipient => recipient.Outcome).ShouldBe([RecipientOutcome.Accepted, RecipientOutcome.Unknown]);
    }

    [Test]
    public async Task A_recipient_that_accepted_stays_accepted_whatever_comes_later()
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.RecordSentAsync(record, claim.FencingToken, [Accepted(record)]);
        await Store.Mails.RecordSentAsync(record, claim.FencingToken, [Deferred(record)]);
        (await Store.MailAsync(record.Identity.MailId)).Recipients.Single().Outcome.ShouldBe(RecipientOutcome.Accepted);
    }

    [Test]
    public async Task A_mail_that_was_left_is_queued_and_claimed_by_the_same_record()
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        (await Store.Mails.LeaveAsync(record, claim.FencingToken, [])).ShouldBeTrue();
        (await Store.Mails.LeaveAsync(record, claim.FencingToken, [])).ShouldBeTrue();
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Queued);
        (await Store.ClaimAsync(record, Worker)).TakenOverFrom.ShouldBeNull();
    }

    [Test]
    public async Task A_mail_without_a_row_is_not_found_and_its_outcome_not_recorded()
    {
        var record = Make.Record();
        (await Store.Mails.FindAsync(record.Identity.MailId)).ShouldBeNull();
        (await Store.Mails.RecordSentAsync(record, 1, [])).ShouldBeFalse();
    }

    private static RecipientReply Accepted(MailRecord record) =>
        new(record.Recipients[0].Address, RecipientOutcome.Accepted, 250, "2.0.0", "queued");

    private static RecipientReply Deferred(MailRecord record) =>
        new(record.Recipients[0].Address, RecipientOutcome.Deferred, 451, "4.3.0", "try later");

    private async Task<(MailRecord Record, long OldToken)> TakenOverAsync()
    {
        var lost = await Store.StartWorkerAsync("lost:3");
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, lost);
        await Store.LoseLeaseAsync(lost);
        await Store.ClaimAsync(record, Worker);
        return (record, claim.FencingToken);
    }
}
