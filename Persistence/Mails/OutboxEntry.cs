namespace Persistence.Mails;

/// <summary>Where the next record of a mail goes, after a delivery that did not send it.</summary>
public enum OutboxKind
{
    /// <summary>To the delay topics, as the next attempt.</summary>
    Redelivery,

    /// <summary>To the dead-letter topic.</summary>
    DeadLetter,

    /// <summary>To the mails' topic once the scheduled mail is due, or the hold on it ends; until then it waits in its row.</summary>
    Schedule,
}

/// <summary>
/// What comes next for a mail. Written to its row before the record is produced, and marked published once that is acknowledged: after
/// a crash in between, the record that was not committed is read again and produces it.
/// </summary>
public abstract record OutboxEntry
{
    private OutboxEntry(string reason) => Reason = reason;

    /// <summary>Why this delivery did not send the mail, for people.</summary>
    public string Reason { get; }

    /// <summary>The mail is delivered again.</summary>
    /// <param name="NextAttempt">The attempt that the record to come carries, from 2.</param>
    /// <param name="Due">When it is due.</param>
    /// <param name="Reason">Why this attempt failed.</param>
    public sealed record Redelivery(int NextAttempt, DateTimeOffset Due, string Reason) : OutboxEntry(Reason);

    /// <summary>The mail is given up and goes to the dead-letter topic.</summary>
    /// <param name="Reason">Why.</param>
    public sealed record DeadLetter(string Reason) : OutboxEntry(Reason);
}
