using System.Globalization;
using MailSink.Smtp;

namespace MailSink.Rules;

/// <summary>How the server behaves instead of replying as usual. A delay combines with each of the others.</summary>
public sealed record RuleAction
{
    private RuleAction()
    {
    }

    /// <summary>Closes the connection without doing what was asked: nothing is stored.</summary>
    public static RuleAction DropBefore { get; } = new() { Ending = RuleEnding.DropBefore };

    /// <summary>Does what was asked, then closes the connection without a reply: at <see cref="SmtpStage.EndOfData"/> the mail is stored.</summary>
    public static RuleAction DropAfter { get; } = new() { Ending = RuleEnding.DropAfter };

    /// <summary>Never replies; the connection stays open until the client gives up, or <see cref="SinkOptions.IdleTimeout"/>.</summary>
    public static RuleAction Hang { get; } = new() { Ending = RuleEnding.Hang };

    /// <summary>How long the reply is held back.</summary>
    public TimeSpan Delay { get; private init; }

    /// <summary>The reply code given instead of doing what was asked; none if null.</summary>
    public int? Code => GivenReply?.Code;

    /// <summary>The reply's text, with its enhanced status code.</summary>
    public string? Text => GivenReply?.Text;

    internal SmtpReply? GivenReply { get; private init; }

    /// <summary>What the reply waits for after the command was done; nothing if null.</summary>
    internal Task? Until { get; private init; }

    internal RuleEnding Ending { get; private init; }

    /// <summary>Replies with this code instead of doing what was asked. 421 also closes the connection (RFC 5321, 3.8).</summary>
    /// <param name="code">400 to 599.</param>
    /// <param name="text">One line of printable ASCII, may begin with an enhanced status code; null for a usual one.</param>
    /// <exception cref="ArgumentException">The code or the text cannot be sent.</exception>
    public static RuleAction Reply(int code, string? text = null)
    {
        if (code is < 400 or > 599)
            throw new ArgumentOutOfRangeException(nameof(code), code, "A reply that refuses has a code from 400 to 599.");
        if (text is not null && (text.Length is 0 or > 500 || text.Any(c => c is < ' ' or > '~')))
            throw new ArgumentException("A reply's text is one line of 1 to 500 printable ASCII characters.", nameof(text));

        return new RuleAction { GivenReply = new SmtpReply(code, text ?? UsualText(code)) };
    }

    /// <summary>Replies as usual, but later.</summary>
    /// <param name="delay">More than zero, at most a day.</param>
    public static RuleAction Wait(TimeSpan delay) => new RuleAction().After(delay);

    /// <summary>
    /// Does what was asked, at <see cref="SmtpStage.EndOfData"/> it stores the mail, and holds the reply back until a task is
    /// completed: a test in this process stops a client at an exact step. Not to be had by JSON.
    /// </summary>
    /// <param name="until">What the reply waits for.</param>
    public static RuleAction HoldReply(Task until)
    {
        ArgumentNullException.ThrowIfNull(until);
        return new RuleAction { Until = until };
    }

    /// <summary>The same action, after a delay.</summary>
    /// <param name="delay">More than zero, at most a day.</param>
    public RuleAction After(TimeSpan delay) => delay > TimeSpan.Zero && delay <= TimeSpan.FromDays(1)
        ? this with { Delay = delay }
        : throw new ArgumentOutOfRangeException(nameof(delay), delay, "A delay is more than zero and at most a day.");

    private static string UsualText(int code) => code switch
    {
        421 => "4.3.2 Service not available, closing transmission channel",
        450 => "4.2.1 Mailbox busy, try again later",
        451 => "4.3.0 Local error in processing, try again later",
        452 => "4.3.1 Insufficient system storage",
        454 => "4.7.0 Temporary authentication failure",
        530 => "5.7.0 Authentication required",
        535 => "5.7.8 Authentication credentials invalid",
        550 => "5.1.1 No such user here",
        552 => "5.2.2 Mailbox full",
        553 => "5.1.3 Mailbox name not allowed",
        554 => "5.7.1 Transaction failed",
        _ => string.Create(CultureInfo.InvariantCulture, $"{code / 100}.0.0 Refused, as asked"),
    };
}

internal enum RuleEnding
{
    Reply,
    DropBefore,
    DropAfter,
    Hang,
}
