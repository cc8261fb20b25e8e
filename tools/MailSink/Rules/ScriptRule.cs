using System.IO.Enumeration;

namespace MailSink.Rules;

/// <summary>When the server should misbehave, and how. All conditions that are set must hold.</summary>
/// <param name="At">The moment of the session.</param>
/// <param name="Then">What happens then.</param>
/// <example><c>sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.DropAfter) { Times = 1 });</c></example>
public sealed record ScriptRule(SmtpStage At, RuleAction Then)
{
    /// <summary>Only for a recipient that matches, without regard to case, <c>*</c> and <c>?</c> as wildcards; at DATA and at the end of the content for a mail that has one. Null: any.</summary>
    public string? Recipient { get; init; }

    /// <summary>Only for an envelope sender that matches, as <see cref="Recipient"/>. Null: any.</summary>
    public string? Sender { get; init; }

    /// <summary>Only on the connection with this number; the first since the start is 1. Null: any.</summary>
    public long? Connection { get; init; }

    /// <summary>How many times the rule acts before it is spent, 1 or more. Null: always.</summary>
    public int? Times { get; init; }

    /// <summary>How long after it was added the rule begins to act. Default zero: at once.</summary>
    public TimeSpan From { get; init; }

    /// <summary>How long the rule acts, counted from <see cref="From"/>. Null: until it is removed.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>Why this rule could never act as it says; null if it is well.</summary>
    internal string? Problem() => this switch
    {
        { At: var at } when !Enum.IsDefined(at) => $"'{at}' is not a stage of an SMTP session.",
        { Times: < 1 } => $"Times is {Times}; a rule acts 1 time or more, or always (null).",
        { Connection: < 1 } => $"Connection is {Connection}; the first connection has number 1.",
        { From.Ticks: < 0 } => $"From is {From}; it is zero or more.",
        { For.Ticks: <= 0 } => $"For is {For}; it is more than zero, or null for no end.",
        { Recipient: not null, At: not (SmtpStage.Rcpt or SmtpStage.Data or SmtpStage.EndOfData) } => $"No recipient is known at {At}; take Rcpt, Data or EndOfData.",
        { Sender: not null, At: < SmtpStage.Mail } => $"No sender is known at {At}; take Mail or later.",
        _ => null,
    };

    internal bool Fits(in SmtpMoment moment, TimeSpan age) =>
        At == moment.Stage
        && (Connection is null || Connection == moment.Connection)
        && age >= From
        && (For is not { } duration || age - From < duration)
        && (Sender is null || Matches(Sender, moment.Sender))
        && (Recipient is null || moment.Recipients.Any(recipient => Matches(Recipient, recipient)));

    private static bool Matches(string pattern, string? address) =>
        address is not null && FileSystemName.MatchesSimpleExpression(pattern, address, ignoreCase: true);
}

/// <summary>What is known when the server is about to reply.</summary>
internal readonly record struct SmtpMoment(SmtpStage Stage, long Connection, string? Sender, IReadOnlyList<string> Recipients);
