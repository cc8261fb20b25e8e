using System.Net.Sockets;
using Consumer.Worker.Smtp;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

internal sealed class FailureClassificationTests
{
    private static readonly int[] LoginCodes = [530, 534, 535, 538];
    private static readonly string[] LoginEnhancedCodes = ["5.7.8", "5.7.9", "5.7.10", "5.7.11", "5.7.12", "5.7.13"];

    [TestCase(SmtpPhase.Connect)]
    [TestCase(SmtpPhase.Authenticate)]
    public void Before_a_mail_is_begun_every_reply_is_dependency_unavailable(SmtpPhase phase)
    {
        for (var code = 200; code <= 599; code++)
            Reply(phase, code).ShouldBe(new Verdict(FailureKind.DependencyUnavailable), $"{phase} {code}");
    }

    [Test]
    public void A_server_that_closes_the_channel_is_dependency_unavailable_in_every_phase([Values] SmtpPhase phase) =>
        Reply(phase, 421).Kind.ShouldBe(FailureKind.DependencyUnavailable);

    [Test]
    public void A_missing_login_is_dependency_unavailable_in_every_phase([Values] SmtpPhase phase, [ValueSource(nameof(LoginCodes))] int code) =>
        Reply(phase, code).ShouldBe(new Verdict(FailureKind.DependencyUnavailable, OfItself: phase >= SmtpPhase.Mail ? FailureKind.Permanent : null));

    [Test]
    public void Every_other_4xx_to_a_mail_is_transient_and_no_moment_cures_it()
    {
        foreach (var phase in MailPhases)
        {
            for (var code = 400; code <= 499; code++)
            {
                if (code != 421)
                    Reply(phase, code).ShouldBe(new Verdict(FailureKind.Transient), $"{phase} {code}");
            }
        }
    }

    [Test]
    public void Every_other_5xx_to_a_mail_is_permanent()
    {
        foreach (var phase in MailPhases)
        {
            for (var code = 500; code <= 599; code++)
            {
                if (!LoginCodes.Contains(code) && (phase, code) != (SmtpPhase.Recipient, 552))
                    Reply(phase, code).ShouldBe(new Verdict(FailureKind.Permanent), $"{phase} {code}");
            }
        }
    }

    [TestCase(null, FailureKind.Transient)]
    [TestCase("5.5.3", FailureKind.Transient)]
    [TestCase("5.2.2", FailureKind.Permanent)]
    [TestCase("5.3.4", FailureKind.Permanent)]
    public void A_552_to_a_recipient_means_too_many_of_them_unless_it_says_otherwise(string? enhanced, FailureKind kind) =>
        FailureClassification.OfReply(SmtpPhase.Recipient, new SmtpReply(552, enhanced, "")).Kind.ShouldBe(kind);

    [TestCase(452, null, true)]
    [TestCase(452, "4.5.3", true)]
    [TestCase(452, "4.3.1", false)]
    [TestCase(452, "4.2.2", false)]
    [TestCase(450, null, false)]
    [TestCase(450, "4.5.3", true)]
    [TestCase(550, "5.5.3", true)]
    [TestCase(554, "5.5.3", true)]
    [TestCase(554, null, false)]
    [TestCase(552, null, true)]
    [TestCase(552, "5.2.2", false)]
    [TestCase(550, "5.15.3", false)]
    public void Too_many_recipients_is_no_failure_of_those_that_were_too_many(int code, string? enhanced, bool tooMany)
    {
        var reply = new SmtpReply(code, enhanced, "");
        FailureClassification.IsTooManyRecipients(reply).ShouldBe(tooMany);
        if (tooMany)
            FailureClassification.OfReply(SmtpPhase.Recipient, reply).Verdict.ShouldBe(new Verdict(FailureKind.Transient));
    }

    [TestCase(550, "4.2.2", FailureKind.Permanent)]
    [TestCase(450, "5.1.1", FailureKind.Transient)]
    public void Where_the_codes_disagree_the_reply_code_decides(int code, string enhanced, FailureKind kind) =>
        FailureClassification.OfReply(SmtpPhase.Recipient, new SmtpReply(code, enhanced, "")).Kind.ShouldBe(kind);

    [Test]
    public void A_reply_out_of_step_is_transient_and_only_after_the_whole_content_is_the_outcome_unknown()
    {
        foreach (var phase in MailPhases)
        {
            var expected = phase == SmtpPhase.FinalReply
                ? new Verdict(FailureKind.Transient, OutcomeUnknown: true)
                : new Verdict(FailureKind.Transient, MomentCures: true);
            foreach (var code in Enumerable.Range(100, 300).Concat(Enumerable.Range(600, 400)))
                Reply(phase, code).ShouldBe(expected, $"{phase} {code}");
        }
    }

    [Test]
    public void An_enhanced_code_of_the_login_is_dependency_unavailable_whatever_refusal_it_comes_with([ValueSource(nameof(LoginEnhancedCodes))] string enhanced)
    {
        foreach (var phase in MailPhases)
        {
            for (var code = 500; code <= 599; code++)
                FailureClassification.OfReply(phase, new SmtpReply(code, enhanced, "")).Verdict.ShouldBe(new Verdict(FailureKind.DependencyUnavailable, OfItself: FailureKind.Permanent), $"{phase} {code} {enhanced}");
        }
    }

    [Test]
    public void No_other_enhanced_code_changes_what_a_reply_code_means()
    {
        var enhancedCodes =
            from cls in new[] { 2, 4, 5 }
            from subject in Enumerable.Range(0, 8)
            from detail in Enumerable.Range(0, 32)
            select $"{cls}.{subject}.{detail}";
        foreach (var enhanced in enhancedCodes.Except(LoginEnhancedCodes))
        {
            foreach (var phase in Enum.GetValues<SmtpPhase>())
            {
                for (var code = 400; code <= 599; code++)
                {
                    if (phase != SmtpPhase.Recipient || (code != 552 && enhanced is not ("4.5.3" or "5.5.3")))
                        FailureClassification.OfReply(phase, new SmtpReply(code, enhanced, "")).Verdict.ShouldBe(Reply(phase, code), $"{phase} {code} {enhanced}");
                }
            }
        }
    }

    [TestCase(SmtpPhase.Connect, FailureKind.DependencyUnavailable, false, false)]
    [TestCase(SmtpPhase.Authenticate, FailureKind.DependencyUnavailable, false, false)]
    [TestCase(SmtpPhase.Mail, FailureKind.Transient, true, false)]
    [TestCase(SmtpPhase.Recipient, FailureKind.Transient, true, false)]
    [TestCase(SmtpPhase.Data, FailureKind.Transient, true, false)]
    [TestCase(SmtpPhase.Content, FailureKind.Transient, true, false)]
    [TestCase(SmtpPhase.FinalReply, FailureKind.Transient, false, true)]
    public void A_lost_connection_and_a_time_out_mean_what_their_phase_says_and_only_the_first_is_tried_again_at_once(SmtpPhase phase, object kind, bool momentCures, bool unknown)
    {
        var expected = new Verdict((FailureKind)kind, momentCures, unknown);
        FailureClassification.OfException(phase, new IOException("reset")).Verdict.ShouldBe(expected);
        FailureClassification.OfException(phase, new SmtpProtocolException("unexpectedly disconnected")).Verdict.ShouldBe(expected);
        FailureClassification.OfException(phase, new SocketException((int)SocketError.ConnectionReset)).Verdict.ShouldBe(expected);
        FailureClassification.OfException(phase, new OperationCanceledException()).Verdict.ShouldBe(expected with { MomentCures = false });
        FailureClassification.OfException(phase, new TimeoutException()).Verdict.ShouldBe(expected with { MomentCures = false });
        FailureClassification.OfException(phase, new SocketException((int)SocketError.TimedOut)).Verdict.ShouldBe(expected with { MomentCures = false });
    }

    [Test]
    public void A_refused_login_is_dependency_unavailable() =>
        FailureClassification.OfException(SmtpPhase.Mail, new AuthenticationException("535 5.7.8 expired")).Kind.ShouldBe(FailureKind.DependencyUnavailable);

    [Test]
    public void A_login_that_the_server_asks_for_is_dependency_unavailable() =>
        FailureClassification.OfException(SmtpPhase.Mail, new ServiceNotAuthenticatedException("5.7.0 first log in")).Kind.ShouldBe(FailureKind.DependencyUnavailable);

    [Test]
    public void A_failure_says_the_step_and_the_servers_words()
    {
        var text = FailureClassification.OfReply(SmtpPhase.Recipient, SmtpReply.Parse(550, "5.1.1 no such user")).Text;
        text.ShouldContain("RCPT");
        text.ShouldContain("550 5.1.1 no such user");
    }

    [TestCase(SmtpPhase.Recipient, "ann@example.com: 451 4.3.0 later")]
    [TestCase(SmtpPhase.Mail, "The mail server replied to MAIL: 451 4.3.0 later")]
    [TestCase(SmtpPhase.FinalReply, "The mail server replied to the end of the content: 451 4.3.0 later")]
    public void What_was_said_of_one_recipient_names_it_and_what_was_said_of_all_does_not(SmtpPhase phase, string reason)
    {
        var failure = FailureClassification.OfReply(phase, SmtpReply.Parse(451, "4.3.0 later"));
        new RecipientResult("ann@example.com", Persistence.Mails.RecipientOutcome.Deferred, failure.Reply, failure).Reason.ShouldBe(reason);
    }

    private static IEnumerable<SmtpPhase> MailPhases => Enum.GetValues<SmtpPhase>().Where(phase => phase >= SmtpPhase.Mail);

    private static Verdict Reply(SmtpPhase phase, int code) => FailureClassification.OfReply(phase, new SmtpReply(code, null, "")).Verdict;
}
