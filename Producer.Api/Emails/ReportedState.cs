using Persistence.Mails;
using Persistence.Text;

namespace Producer.Api.Emails;

/// <summary>Where a mail stands: the state of its row (<see cref="MailState"/>), or what its id alone says.</summary>
public enum ReportedState
{
    /// <summary>Stored until it is due.</summary>
    Scheduled,

    /// <summary>Waiting for a worker, or for its next attempt; also one that no worker has read yet.</summary>
    Queued,

    /// <summary>A worker is sending it.</summary>
    Sending,

    /// <summary>The mail server took it.</summary>
    Sent,

    /// <summary>Given up: its failure waits for a decision.</summary>
    Dead,

    /// <summary>Canceled before it was sent.</summary>
    Canceled,

    /// <summary>Dead, and a person decided that it stays so.</summary>
    Discarded,

    /// <summary>Not sent, by a hold or by the worker's settings.</summary>
    Held,

    /// <summary>
    /// This system knows its id and nothing else: all that was posted by the time at which the id was given out has been read, and there is no
    /// row of it. Retention removed it, the database was restored from before it, or the id is from another installation with the same secret.
    /// </summary>
    Unknown,
}

internal static class ReportedStates
{
    /// <summary>The state of a row.</summary>
    public static ReportedState Of(MailState state) => EnumText.Parse<ReportedState>(state.ToText())
        ?? throw new ArgumentOutOfRangeException(nameof(state), state, "A state that a report does not have.");
}
