using System.Text.RegularExpressions;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>What a server asks to be spared of.</summary>
internal enum ThrottleScope
{
    /// <summary>Mails in a time: fewer a second.</summary>
    Rate,

    /// <summary>Mails, or connections, at once: fewer connections.</summary>
    Connections,
}

/// <summary>
/// The replies that mean "slower" and not "this mail is wrong": the one table. A reply is looked up from the top; the first row that fits
/// decides. What no row names is a refusal as any other (<see cref="FailureClassification"/>).
/// </summary>
/// <param name="further">Replies beyond the table: <see cref="RelayOptions.ThrottleReplies"/>.</param>
internal sealed partial class ThrottleReplies(IReadOnlyList<ThrottleReply> further)
{
    private const RegexOptions Text = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;
    private const int MatchTimeout = 1000;

    /// <param name="From">The first phase that it is about.</param>
    /// <param name="To">The last one.</param>
    /// <param name="Code">The reply's code; 0: any of 400 to 499.</param>
    /// <param name="Fits">What else must be so.</param>
    /// <param name="Scope">What it asks for; null: it is not throttling, whatever a later row says.</param>
    private sealed record Row(SmtpPhase From, SmtpPhase To, int Code, Func<SmtpReply, bool> Fits, ThrottleScope? Scope);

    private static readonly Row[] Table =
    [
        // Greylisting (RFC 6647): the same mail is welcome in some minutes, however few there are.
        new(SmtpPhase.Connect, SmtpPhase.FinalReply, 0, reply => Greylist().IsMatch(reply.Text), null),
        // RFC 3463: x.2.2 is one mailbox that is full ("over quota"), in words where there is no code; x.5.3 too many recipients of one mail, unless it speaks of a time.
        new(SmtpPhase.Connect, SmtpPhase.FinalReply, 0, reply => reply.EnhancedCode == "4.2.2" || OneMailbox().IsMatch(reply.Text), null),
        new(SmtpPhase.Connect, SmtpPhase.FinalReply, 0, reply => reply.EnhancedCode == "4.5.3" && !IsTooManyPerTime(reply), null),
        // Office 365: "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", "432 4.3.2 Concurrent connections limit exceeded".
        // No other server uses 432 after the login.
        new(SmtpPhase.Mail, SmtpPhase.FinalReply, 432, _ => true, ThrottleScope.Connections),
        // Postfix: "421 4.7.0 host Error: too many connections from client", "421 4.7.0 … too many new TLS sessions"; Dovecot, Exim,
        // Exchange ("421 4.3.2 The maximum number of concurrent connections has exceeded a limit"): much the same in words.
        new(SmtpPhase.Connect, SmtpPhase.FinalReply, 0, reply => AtOnce().IsMatch(reply.Text), ThrottleScope.Connections),
        // Gmail: "421 4.7.28 … unusual rate of unsolicited mail", "450 4.2.1 … is receiving mail at a rate that prevents additional messages",
        // "454 4.7.0 Too many login attempts". Amazon SES: "454 Throttling failure: Maximum sending rate exceeded", "… Daily message quota
        // exceeded". Postfix: "450 4.7.1 Error: too much mail from client", "450 4.7.1 Error: too many recipients from client"; policy
        // servers: "450 4.7.1 rate limit exceeded". Yahoo: "421 4.7.0 [TSS04] … temporarily deferred due to unexpected volume". Outlook.com:
        // "451 4.7.650 The mail server has been temporarily rate limited". Mailgun, SendGrid, Mailjet: "… too many messages per hour".
        new(SmtpPhase.Connect, SmtpPhase.FinalReply, 0, reply => reply.EnhancedCode == "4.7.28" || TooFast().IsMatch(reply.Text) || IsTooManyPerTime(reply), ThrottleScope.Rate),
        // Exchange Online: "451 4.7.500 Server busy. Please try again later".
        new(SmtpPhase.Mail, SmtpPhase.FinalReply, 451, reply => reply.EnhancedCode == "4.7.500", ThrottleScope.Rate),
        // RFC 3463, x.3.1 and x.3.2: the server's own queue is full, or takes nothing at the moment (Exchange's back pressure: "452 4.3.1
        // Insufficient system resources"). After MAIL x.3.1 may be said of that recipient, or of that mail's size. 421 closes: that is an
        // outage. x.3.0, x.3.3, x.3.4 and x.3.5 are said of a mail or of a mistake, and a slower pace does not cure them.
        new(SmtpPhase.Mail, SmtpPhase.FinalReply, 0, reply => reply is { EnhancedCode: "4.3.2", Code: not FailureClassification.ServiceNotAvailable }, ThrottleScope.Rate),
        new(SmtpPhase.Mail, SmtpPhase.Mail, 0, reply => reply is { EnhancedCode: "4.3.1", Code: not FailureClassification.ServiceNotAvailable }, ThrottleScope.Rate),
    ];

    /// <summary>What a reply in a phase asks for; null where it is not throttling.</summary>
    public ThrottleScope? Of(SmtpPhase phase, SmtpReply reply)
    {
        if (further.Any(row => row.Fits(reply)))
            return ThrottleScope.Rate;
        if (reply.Code is < 400 or > 499)
            return null;
        var row = Array.Find(Table, row => phase >= row.From && phase <= row.To && (row.Code == 0 || row.Code == reply.Code) && row.Fits(reply));
        // Before MAIL there is a connection too many, whatever the reply calls it.
        return row?.Scope is { } scope ? phase < SmtpPhase.Mail ? ThrottleScope.Connections : scope : null;
    }

    /// <summary>Whether a reply's words are of a pace, of greylisting or of one mailbox, whatever its code says.</summary>
    public static bool TellsOfPace(SmtpReply reply) =>
        Greylist().IsMatch(reply.Text) || OneMailbox().IsMatch(reply.Text) || AtOnce().IsMatch(reply.Text) || TooFast().IsMatch(reply.Text) || IsTooManyPerTime(reply);

    /// <summary>The same result, with its throttled failures as such: no recipient's outcome is permanent by them.</summary>
    public SendResult Apply(SendResult result)
    {
        if (result.Failure is null && result.Recipients.All(recipient => recipient.Failure is null))
            return result;
        return new SendResult(
            [.. result.Recipients.Select(recipient => recipient.Failure is { } failure && Apply(failure) is { Kind: FailureKind.Throttled } throttled
                ? recipient with { Failure = throttled, Outcome = Persistence.Mails.RecipientOutcome.Deferred }
                : recipient)],
            result.Failure is { } whole ? Apply(whole) : null);
    }

    // "Try again in an hour" alone is greylisting as well as anything.
    private static bool IsTooManyPerTime(SmtpReply reply) => PerTime().IsMatch(reply.Text) && Excess().IsMatch(reply.Text);

    private SmtpFailure Apply(SmtpFailure failure) =>
        failure.Reply is { } reply && Of(failure.Phase, reply) is { } scope
            ? failure with { Verdict = new Verdict(FailureKind.Throttled) { Scope = scope } }
            : failure;

    [GeneratedRegex(@"gr[ea]y-?\s?list", Text, MatchTimeout)]
    private static partial Regex Greylist();

    [GeneratedRegex(@"(mailbox|disk|storage) (\w+ ){0,3}(quota|full|limit)|over ?quota|message size|size limit", Text, MatchTimeout)]
    private static partial Regex OneMailbox();

    [GeneratedRegex(@"concurren|thread limit|too many (\w+ ){0,4}(connections|sessions|clients|processes)|(connections?|sessions?) (limit|count)|connections? (\w+ ){0,3}exceed", Text, MatchTimeout)]
    private static partial Regex AtOnce();

    [GeneratedRegex(
        @"throttl|rate[- ]?(limit|exceed|control)|(sending|message|mail|recipient|submission|delivery|connection) rate|(unusual|high|excessive) (\w+ )?rate|at a rate that|exceed\w* (\w+ ){0,4}rate\b|"
        + @"too (fast|quickly|frequent)|slow(ing)? down|too much mail|too many (\w+ ){0,3}(mails?|e-?mails?|messages?|submissions|logins?|login attempts|auth\w*( commands)?|commands|requests)\b|too many recipients from|"
        + @"(sending|message|submission|relay|daily|hourly|recipient|send) (\w+ ){0,2}(quota|limits?)\b|quota (\w+ ){0,3}exceeded|unexpected volume|\[TSS0\d\]",
        Text, MatchTimeout)]
    private static partial Regex TooFast();

    [GeneratedRegex(@"\b(per|an?|each|every|this) (second|minute|hour|day|session window)\b|\b(hourly|daily)\b", Text, MatchTimeout)]
    private static partial Regex PerTime();

    [GeneratedRegex(@"too m|limit|exceed|maxim|quota", Text, MatchTimeout)]
    private static partial Regex Excess();
}

/// <summary>One reply of <see cref="RelayOptions.ThrottleReplies"/>.</summary>
/// <param name="Code">The reply's code.</param>
/// <param name="EnhancedCode">Its enhanced status code; null: any.</param>
/// <param name="Text">What its text contains, without regard to case; empty: anything.</param>
internal sealed partial record ThrottleReply(int Code, string? EnhancedCode, string Text)
{
    /// <summary>What is allowed, for messages.</summary>
    public const string Allowed = "replies with semicolons between them, each a code from 400 to 599, then the enhanced code, then a part of the text, the last two as needed";

    public bool Fits(SmtpReply reply) =>
        reply.Code == Code && (EnhancedCode is null || EnhancedCode == reply.EnhancedCode) && reply.Text.Contains(Text, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a text such as <c>450 4.7.1 try later; 550 5.4.5</c>; null where it is none.</summary>
    public static IReadOnlyList<ThrottleReply>? TryRead(string? text)
    {
        var parts = (text ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var replies = parts.Select(TryReadOne).OfType<ThrottleReply>().ToList();
        return replies.Count == parts.Length ? replies : null;
    }

    private static ThrottleReply? TryReadOne(string text)
    {
        var match = Form().Match(text);
        return match.Success
            ? new ThrottleReply(
                int.Parse(match.Groups["code"].Value, System.Globalization.CultureInfo.InvariantCulture),
                match.Groups["enhanced"] is { Success: true } enhanced ? enhanced.Value : null,
                match.Groups["text"].Value)
            : null;
    }

    [GeneratedRegex(@"^(?<code>[45][0-9]{2})(\s+(?<enhanced>[45]\.[0-9]{1,3}\.[0-9]{1,3}))?(\s+(?<text>\S.*))?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
