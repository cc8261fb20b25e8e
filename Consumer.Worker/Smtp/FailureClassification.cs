using System.Net.Sockets;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Consumer.Worker.Smtp;

/// <summary>
/// Every failure of SMTP and of the network, and what it means: the one table. A reply is looked up from the top; the first row
/// that fits decides.
/// </summary>
internal static class FailureClassification
{
    private sealed record Row(SmtpPhase From, SmtpPhase To, int FirstCode, int LastCode, Verdict Verdict, Func<SmtpReply, bool>? And = null)
    {
        public bool Fits(SmtpPhase phase, SmtpReply reply) =>
            phase >= From && phase <= To && reply.Code >= FirstCode && reply.Code <= LastCode && (And is null || And(reply));
    }

    /// <summary>RFC 5321 section 3.8: the server closes the channel.</summary>
    public const int ServiceNotAvailable = 421;

    /// <summary>RFC 5321 section 4.2.3: "insufficient system storage".</summary>
    private const int InsufficientStorage = 452;

    private static readonly Verdict Permanent = new(FailureKind.Permanent);
    private static readonly Verdict Transient = new(FailureKind.Transient);
    private static readonly Verdict DependencyUnavailable = new(FailureKind.DependencyUnavailable);

    /// <summary>The session's login may be over; where a probe logs in well, the server means this mail or recipient, and means it permanently.</summary>
    private static readonly Verdict Login = DependencyUnavailable with { OfItself = FailureKind.Permanent };

    /// <summary>Too many recipients (RFC 3463 section 3.6).</summary>
    private const string TooMany = ".5.3";

    /// <summary>Credentials invalid, mechanism too weak, encryption needed, encryption needed for the mechanism, password transition needed, account disabled.</summary>
    private static readonly HashSet<string?> LoginCodes = ["5.7.8", "5.7.9", "5.7.10", "5.7.11", "5.7.12", "5.7.13"];

    private static readonly Row[] Replies =
    [
        // Whatever stands in the way of every mail: no service, no TLS, an expired password (535), a login needed first (530).
        new(SmtpPhase.Connect, SmtpPhase.Authenticate, 0, 999, DependencyUnavailable),
        // 421 may be the reply to any command when the server closes the channel.
        new(SmtpPhase.Mail, SmtpPhase.FinalReply, ServiceNotAvailable, ServiceNotAvailable, DependencyUnavailable),
        // RFC 4954 section 6: the session lacks a login, or one strong enough.
        new(SmtpPhase.Mail, SmtpPhase.FinalReply, 530, 530, Login),
        new(SmtpPhase.Mail, SmtpPhase.FinalReply, 534, 535, Login),
        new(SmtpPhase.Mail, SmtpPhase.FinalReply, 538, 538, Login),
        // The same under another reply code, such as "554 5.7.8": the enhanced code is about the login (RFC 4954 section 6, RFC 5248).
        new(SmtpPhase.Mail, SmtpPhase.FinalReply, 500, 599, Login, reply => LoginCodes.Contains(reply.EnhancedCode)),
        // RFC 5321 section 4.5.3.1.10: too many recipients at once, which is not a failure of those that were too many.
        new(SmtpPhase.Recipient, SmtpPhase.Recipient, 400, 599, Transient, IsTooManyRecipients),
        // RFC 5321 section 4.2.1. The reply code decides, also where the enhanced code's class differs from it (RFC 3463).
        new(SmtpPhase.Mail, SmtpPhase.FinalReply, 400, 499, Transient),
        new(SmtpPhase.Mail, SmtpPhase.FinalReply, 500, 599, Permanent),
        // 2xx and 3xx where another reply belongs, and codes that do not exist: the session is out of step, not the mail wrong.
        new(SmtpPhase.Mail, SmtpPhase.Content, 0, 999, Transient with { MomentCures = true }),
        new(SmtpPhase.FinalReply, SmtpPhase.FinalReply, 0, 999, Transient with { OutcomeUnknown = true }),
    ];

    /// <summary>
    /// Whether a reply to RCPT may say that the transaction has recipients enough: 452, and 552 as old servers say it, where no enhanced
    /// code says otherwise (a full mailbox, a full disk); and whatever has the enhanced code for it.
    /// </summary>
    public static bool IsTooManyRecipients(SmtpReply reply) =>
        reply.EnhancedCode is { } enhanced ? HasTooManyCode(reply) && enhanced[0] is '4' or '5' : reply.Code is 452 or 552;

    /// <summary>Whether a reply to the content, or to DATA, says that the transaction has too many recipients.</summary>
    public static bool HasTooManyCode(SmtpReply reply) => reply.EnhancedCode?.EndsWith(TooMany, StringComparison.Ordinal) == true;

    /// <summary>
    /// Whether a refusal of a sender, which is not a matter of pace, may be one of all senders: the mail system itself is in trouble (RFC 3463
    /// section 3.4: x.3.x), or short of storage (452, RFC 5321 section 4.2.3). A probe tells.
    /// </summary>
    public static bool MayRefuseAllSenders(SmtpReply reply) =>
        reply.Code is >= 400 and <= 499 && (reply.EnhancedCode is { } enhanced ? enhanced.StartsWith("4.3.", StringComparison.Ordinal) : reply.Code == InsufficientStorage)
        && !Pace.ThrottleReplies.TellsOfPace(reply);

    /// <summary>What a reply means in a phase.</summary>
    public static SmtpFailure OfReply(SmtpPhase phase, SmtpReply reply)
    {
        var row = Array.Find(Replies, row => row.Fits(phase, reply))
            ?? throw new ArgumentOutOfRangeException(nameof(reply), reply.Code, "A reply code has three digits.");
        return new SmtpFailure(phase, reply, $"The mail server replied to {Step(phase)}: {reply}", row.Verdict);
    }

    /// <summary>What it means that the dialogue broke off in a phase.</summary>
    public static SmtpFailure OfBreak(SmtpPhase phase, SmtpBreak how, string detail)
    {
        var verdict = phase switch
        {
            SmtpPhase.Connect or SmtpPhase.Authenticate => DependencyUnavailable,
            // RFC 5321 section 4.5.3.2.6: from here on the server may have taken the mail. No try at once: the unknown outcome is written
            // to the database before anything is sent again.
            SmtpPhase.FinalReply => Transient with { OutcomeUnknown = true },
            // What has taken its whole time once would take it again: later, and not at once. A lost connection is another one the next moment.
            _ => Transient with { MomentCures = how == SmtpBreak.Lost },
        };
        var what = how switch
        {
            SmtpBreak.Lost => "The connection to the mail server was lost at",
            SmtpBreak.TimedOut => "The mail server did not reply in time to",
            SmtpBreak.Unusable => "The mail server cannot be used, at",
            _ => "The worker had to leave off at",
        };
        var unknown = verdict.OutcomeUnknown ? "; it may have taken the mail" : "";
        return new SmtpFailure(phase, null, $"{what} {Step(phase)}{unknown}{(detail.Length == 0 ? "" : $": {detail}")}", verdict);
    }

    /// <summary>What an exception of MailKit or of the network means in a phase.</summary>
    public static SmtpFailure OfException(SmtpPhase phase, Exception exception) => exception switch
    {
        SmtpCommandException command => OfReply(phase, SmtpReply.From(command)),
        // MailKit raises this one for 530 alone, and drops the code.
        MailKit.ServiceNotAuthenticatedException login => OfReply(phase, SmtpReply.Parse(530, login.Message)),
        AuthenticationException login when SmtpReply.From(login) is { } reply => OfReply(SmtpPhase.Authenticate, reply),
        AuthenticationException refused => OfBreak(SmtpPhase.Authenticate, SmtpBreak.Unusable, $"the login was refused: {FirstLine(refused)}"),
        SslHandshakeException => OfBreak(phase, SmtpBreak.Unusable, $"TLS failed: {FirstLine(exception.InnerException ?? exception)}"),
        UnusableServerException or NotSupportedException => OfBreak(phase, SmtpBreak.Unusable, FirstLine(exception)),
        OperationCanceledException => OfBreak(phase, SmtpBreak.TimedOut, ""),
        TimeoutException timeout => OfBreak(phase, SmtpBreak.TimedOut, timeout.Message),
        SocketException { SocketErrorCode: SocketError.TimedOut } timeout => OfBreak(phase, SmtpBreak.TimedOut, timeout.Message),
        _ => OfBreak(phase, SmtpBreak.Lost, exception.Message),
    };

    /// <summary>The rest of what libraries say is advice to those who program with them.</summary>
    private static string FirstLine(Exception exception) => exception.GetBaseException().Message.Split('\r', '\n')[0];

    private static string Step(SmtpPhase phase) => phase switch
    {
        SmtpPhase.Connect => "the connection (greeting, EHLO, STARTTLS)",
        SmtpPhase.Authenticate => "AUTH",
        SmtpPhase.Mail => "MAIL",
        SmtpPhase.Recipient => "RCPT",
        SmtpPhase.Data => "DATA",
        SmtpPhase.Content => "the content",
        _ => "the end of the content",
    };
}
