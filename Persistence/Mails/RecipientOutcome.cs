namespace Persistence.Mails;

/// <summary>The outcome of a mail for one of its recipients.</summary>
public enum RecipientOutcome
{
    /// <summary>Not tried yet.</summary>
    Pending,

    /// <summary>The server took the mail for this recipient; it is never sent to again.</summary>
    Accepted,

    /// <summary>The server refused permanently (5xx). Open again only by a replay.</summary>
    Rejected,

    /// <summary>The server refused for now (4xx).</summary>
    Deferred,

    /// <summary>The server may have taken it, but its reply was lost.</summary>
    Unknown,
}

/// <summary>Which header field named a recipient.</summary>
public enum RecipientKind
{
    /// <summary>The <c>To</c> field.</summary>
    To,

    /// <summary>The <c>Cc</c> field.</summary>
    Cc,

    /// <summary>No field: a blind copy.</summary>
    Bcc,
}
