using Contracts;

namespace Persistence.Mails;

/// <summary>Which mails are listed; what is null does not matter.</summary>
public sealed record MailFilter
{
    /// <summary>To this address, by whichever field; case does not count.</summary>
    public string? Recipient { get; init; }

    /// <summary>From this address; case does not count.</summary>
    public string? Sender { get; init; }

    /// <summary>Accepted under this API key.</summary>
    public Guid? ApiKeyId { get; init; }

    /// <summary>In this state.</summary>
    public MailState? State { get; init; }

    /// <summary>With a tag that this text calls (<see cref="MailTag.IsCalled"/>).</summary>
    public string? Tag { get; init; }

    /// <summary>Read by a worker at this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Read by a worker before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>With this text in the subject; case does not count.</summary>
    public string? Subject { get; init; }
}

/// <summary>From where a page of mails goes on.</summary>
/// <param name="At">When the mail was first read.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsBefore">Whether the page is of newer mails than that one, and not of older ones.</param>
public sealed record MailPosition(DateTimeOffset At, Guid Id, bool IsBefore = false);

/// <summary>A page of mails.</summary>
/// <param name="Items">The mails, newest first.</param>
/// <param name="Next">From where the next page goes on; null where there is none. A page may be shorter than asked for and have a next one.</param>
public sealed record MailPage(IReadOnlyList<Mail> Items, MailPosition? Next);
