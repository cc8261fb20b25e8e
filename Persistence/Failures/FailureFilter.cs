namespace Persistence.Failures;

/// <summary>Which failures to list. What is null does not restrict.</summary>
public sealed record FailureFilter
{
    /// <summary>Of one of these statuses; empty: of any.</summary>
    public IReadOnlyList<FailureStatus> Statuses { get; init; } = [];

    /// <summary>Of one cause.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Of one mail, also as what it was replayed as, and conflicts with its id.</summary>
    public Guid? MailId { get; init; }

    /// <summary>Of mails that were accepted under this API key, and conflicts with their ids.</summary>
    public Guid? ApiKeyId { get; init; }

    /// <summary>Of mails that one address had not got, in whatever case.</summary>
    public string? Recipient { get; init; }

    /// <summary>Of mails that an address of one domain had not got, in whatever case.</summary>
    public string? Domain { get; init; }

    /// <summary>Of mails from one address, in whatever case.</summary>
    public string? Sender { get; init; }

    /// <summary>With a reply of this code (<c>550</c>), enhanced code (<c>5.1.1</c>) or both (<c>550 5.1.1</c>).</summary>
    public string? Code { get; init; }

    /// <summary>With an exception of this type.</summary>
    public string? ExceptionType { get; init; }

    /// <summary>Of records from this topic.</summary>
    public string? Topic { get; init; }

    /// <summary>Of records with this key.</summary>
    public string? Key { get; init; }

    /// <summary>Of mails with this tag: its text, its name, or name and value with a colon between.</summary>
    public string? Tag { get; init; }

    /// <summary>With these words in the subject, as Postgres's <c>websearch_to_tsquery</c> reads them: "a phrase", or, -not.</summary>
    public string? Subject { get; init; }

    /// <summary>With these words in the subject or the exception's message.</summary>
    public string? Text { get; init; }

    /// <summary>What replays of one operation failed with again.</summary>
    public Guid? FailedAgainOf { get; init; }

    /// <summary>Failed at this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Failed before this time.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>In which order failures are listed.</summary>
public enum FailureOrder
{
    /// <summary>Those that failed last first.</summary>
    Newest,

    /// <summary>Those that failed first first.</summary>
    Oldest,
}

/// <summary>A failure in a list: without its bytes, headers and stack.</summary>
public sealed record FailureSummary
{
    /// <summary>Recipients that are listed of one failure.</summary>
    public const int MostRecipients = 20;

    /// <summary>The failure's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The mail, where known.</summary>
    public required Guid? MailId { get; init; }

    /// <summary>The mail whose id the record has without being it: other content under that id, or a dead letter of another group.</summary>
    public required Guid? ConflictsWith { get; init; }

    /// <summary>The mail's epoch.</summary>
    public required int Epoch { get; init; }

    /// <summary>Where it stands.</summary>
    public required FailureStatus Status { get; init; }

    /// <summary>The type of the exception.</summary>
    public required string ExceptionType { get; init; }

    /// <summary>Its message.</summary>
    public required string Message { get; init; }

    /// <summary>What failures of one cause share.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The mail's subject, where its record could be read.</summary>
    public required string? Subject { get; init; }

    /// <summary>The address the mail is from, where its record could be read.</summary>
    public required string? Sender { get; init; }

    /// <summary>Addresses that had not got the mail, in lower case: the first <see cref="MostRecipients"/> of them.</summary>
    public required IReadOnlyList<string> Recipients { get; init; }

    /// <summary>How many addresses had not got it.</summary>
    public required int RecipientCount { get; init; }

    /// <summary>Codes of the replies that made it fail, such as <c>550 5.1.1</c>.</summary>
    public required IReadOnlyList<string> ReplyCodes { get; init; }

    /// <summary>How often the mail was tried.</summary>
    public required int Attempts { get; init; }

    /// <summary>When a replay was asked for.</summary>
    public required DateTimeOffset? ReplayRequestedAt { get; init; }

    /// <summary>When its record was acknowledged.</summary>
    public required DateTimeOffset? ReplayedAt { get; init; }

    /// <summary>What it was replayed as.</summary>
    public required Guid? ReplayedAs { get; init; }

    /// <summary>The failure of the next round, where the replay failed again.</summary>
    public required Guid? FailedAgainAs { get; init; }

    /// <summary>1 for the mail's first failure, one more for each replay that failed again.</summary>
    public required int Round { get; init; }

    /// <summary>When the mail was given up.</summary>
    public required DateTimeOffset FailedAt { get; init; }
}

/// <summary>A page of failures.</summary>
/// <param name="Items">At most as many as were asked for.</param>
/// <param name="NextCursor">For the next page; null on the last.</param>
public sealed record FailurePage(IReadOnlyList<FailureSummary> Items, string? NextCursor);

/// <summary>How many failures a filter has.</summary>
/// <param name="Count">How many were counted.</param>
/// <param name="IsExact">Whether those are all: counting ends at a limit.</param>
public sealed record FailureCount(long Count, bool IsExact);
