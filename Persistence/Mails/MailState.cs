namespace Persistence.Mails;

/// <summary>
/// The one state a mail is in: <c>scheduled</c> → <c>queued</c> → <c>sending</c> → <c>sent</c> | <c>dead</c> |
/// <c>canceled</c> | <c>held</c>; <c>dead</c> → <c>queued</c> (replayed) | <c>discarded</c>; <c>queued</c> → <c>held</c> → <c>queued</c> (a hold, and its end).
/// </summary>
public enum MailState
{
    /// <summary>Stored until it is due, and nowhere else.</summary>
    Scheduled,

    /// <summary>A record of it is in a topic, waiting to be claimed.</summary>
    Queued,

    /// <summary>Claimed by a worker: protected as long as that worker's lease lasts.</summary>
    Sending,

    /// <summary>The mail server took it. Nothing sends it again.</summary>
    Sent,

    /// <summary>Given up: its record is, or is about to be, in the dead-letter topic.</summary>
    Dead,

    /// <summary>Canceled before it was sent.</summary>
    Canceled,

    /// <summary>Dead, and a person decided that it stays so.</summary>
    Discarded,

    /// <summary>
    /// Not sent, and no failure: a hold has it (<see cref="Mail.HoldId"/>), and it goes on when that ends; or the worker's settings hold it
    /// back from some recipients, and nothing sends it to those.
    /// </summary>
    Held,
}
