using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Pace;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp.Pace;

internal sealed class ThrottleRepliesTests
{
    private static readonly ThrottleReplies Replies = new([]);

    [TestCase(SmtpPhase.FinalReply, 454, "Throttling failure: Maximum sending rate exceeded.")]
    [TestCase(SmtpPhase.FinalReply, 454, "Throttling failure: Daily message quota exceeded.")]
    [TestCase(SmtpPhase.Recipient, 450, "4.2.1 The user you are trying to contact is receiving mail at a rate that 4.2.1 prevents additional messages from being delivered.")]
    [TestCase(SmtpPhase.FinalReply, 421, "4.7.28 Our system has detected an unusual rate of 421-4.7.28 unsolicited mail")]
    [TestCase(SmtpPhase.Mail, 450, "4.7.1 Error: too much mail from 192.0.2.1")]
    [TestCase(SmtpPhase.Recipient, 450, "4.7.1 Error: too many recipients from 192.0.2.1")]
    [TestCase(SmtpPhase.Recipient, 450, "4.7.1 rate limit exceeded")]
    [TestCase(SmtpPhase.Recipient, 451, "4.7.1 You have exceeded the hourly limit")]
    [TestCase(SmtpPhase.Mail, 421, "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints")]
    [TestCase(SmtpPhase.Mail, 451, "4.7.500 Server busy. Please try again later from [192.0.2.1]")]
    [TestCase(SmtpPhase.Mail, 451, "4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation")]
    [TestCase(SmtpPhase.Mail, 452, "4.3.1 Insufficient system resources")]
    [TestCase(SmtpPhase.Data, 451, "4.3.2 Please try again later")]
    [TestCase(SmtpPhase.Recipient, 450, "4.5.3 Too many recipients per hour")]
    public void Replies_that_ask_for_fewer_mails_in_a_time_are_throttling(SmtpPhase phase, int code, string text) =>
        Replies.Of(phase, SmtpReply.Parse(code, text)).ShouldBe(ThrottleScope.Rate);

    [TestCase(SmtpPhase.Mail, 432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded")]
    [TestCase(SmtpPhase.FinalReply, 432, "4.3.2 Concurrent connections limit exceeded")]
    [TestCase(SmtpPhase.Mail, 421, "4.7.0 mx.example.com Error: too many connections from 192.0.2.1")]
    [TestCase(SmtpPhase.Connect, 421, "4.3.2 The maximum number of concurrent connections has exceeded a limit, closing transmission channel")]
    [TestCase(SmtpPhase.Connect, 450, "4.7.1 rate limit exceeded")]
    [TestCase(SmtpPhase.Authenticate, 454, "4.7.0 Too many login attempts, please try again later")]
    public void Replies_that_ask_for_fewer_at_once_and_those_before_any_mail_are_about_connections(SmtpPhase phase, int code, string text) =>
        Replies.Of(phase, SmtpReply.Parse(code, text)).ShouldBe(ThrottleScope.Connections);

    [TestCase(SmtpPhase.Recipient, 450, "4.7.1 Greylisted, please try again in 300 seconds")]
    [TestCase(SmtpPhase.Recipient, 451, "4.7.1 Greylisting in action, too many new senders per hour")]
    [TestCase(SmtpPhase.Recipient, 450, "4.2.0 <bob@example.com>: Recipient address rejected: Greylisted")]
    [TestCase(SmtpPhase.Recipient, 452, "4.2.2 The email account that you tried to reach is over quota")]
    [TestCase(SmtpPhase.Recipient, 452, "Mailbox quota exceeded")]
    [TestCase(SmtpPhase.Recipient, 450, "4.7.1 Please try again in an hour")]
    [TestCase(SmtpPhase.Recipient, 451, "4.7.1 Deferred, come back in a minute")]
    [TestCase(SmtpPhase.Recipient, 452, "4.5.3 Too many recipients")]
    [TestCase(SmtpPhase.Recipient, 450, "4.2.1 Mailbox busy, try again later")]
    [TestCase(SmtpPhase.Recipient, 451, "4.3.0 Local error in processing, try again later")]
    [TestCase(SmtpPhase.Recipient, 452, "4.3.1 Insufficient system storage")]
    [TestCase(SmtpPhase.FinalReply, 452, "4.3.1 Insufficient system storage")]
    [TestCase(SmtpPhase.Mail, 421, "4.3.2 Service shutting down, closing transmission channel")]
    [TestCase(SmtpPhase.Mail, 452, "Message size exceeds what is left")]
    [TestCase(SmtpPhase.Authenticate, 454, "4.7.0 Temporary authentication failure")]
    [TestCase(SmtpPhase.Recipient, 550, "5.7.1 Message rejected: sending rate exceeded")]
    [TestCase(SmtpPhase.FinalReply, 250, "2.0.0 rate limit is 14/s")]
    public void What_a_slower_pace_does_not_cure_is_a_refusal_as_any_other(SmtpPhase phase, int code, string text) =>
        Replies.Of(phase, SmtpReply.Parse(code, text)).ShouldBeNull();

    [Test]
    public void Further_replies_are_taken_from_the_options()
    {
        var further = new ThrottleReplies(ThrottleReply.TryRead("450 4.7.1 Come Back; 550 5.4.5;451")!);
        further.Of(SmtpPhase.Recipient, SmtpReply.Parse(450, "4.7.1 please come back later")).ShouldBe(ThrottleScope.Rate);
        further.Of(SmtpPhase.FinalReply, SmtpReply.Parse(550, "5.4.5 Daily sending quota exceeded")).ShouldBe(ThrottleScope.Rate);
        further.Of(SmtpPhase.Recipient, SmtpReply.Parse(451, "4.3.0 Local error")).ShouldBe(ThrottleScope.Rate);
        further.Of(SmtpPhase.Recipient, SmtpReply.Parse(450, "4.7.1 no")).ShouldBeNull();
        further.Of(SmtpPhase.Recipient, SmtpReply.Parse(550, "5.1.1 no")).ShouldBeNull();
    }

    [TestCase("45")]
    [TestCase("250 ok")]
    [TestCase("450x")]
    [TestCase("450; later")]
    public void Other_texts_are_not_replies(string text) => ThrottleReply.TryRead(text).ShouldBeNull();

    [Test]
    public void A_throttled_refusal_is_permanent_for_no_recipient()
    {
        var further = new ThrottleReplies(ThrottleReply.TryRead("550 5.4.5")!);
        var refused = new Dictionary<string, SmtpReply> { ["bob@example.com"] = SmtpReply.Parse(550, "5.4.5 Daily quota"), ["eve@example.com"] = SmtpReply.Parse(550, "5.1.1 No such user") };
        var result = further.Apply(SendResult.Of(["bob@example.com", "eve@example.com"], refused, null, null));
        result.Recipients[0].Outcome.ShouldBe(RecipientOutcome.Deferred);
        result.Recipients[0].Failure!.Kind.ShouldBe(FailureKind.Throttled);
        result.Recipients[1].Outcome.ShouldBe(RecipientOutcome.Rejected);
    }
}
