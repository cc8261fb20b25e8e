using Contracts;

namespace Persistence.Failures;

/// <summary>
/// What a failure is found by, as the texts of <c>failures.search_terms</c>: a letter for the kind, a colon, the value. One index over them
/// serves every exact filter, and any number of them at once.
/// </summary>
internal static class FailureTerms
{
    /// <summary>The longest value that is told apart from others that begin with it: entries of the index are bounded.</summary>
    public const int Length = 512;

    /// <summary>An address the mail is from; its case does not count.</summary>
    public const string SenderPrefix = "s:";

    /// <summary>An address that had not got the mail; its case does not count.</summary>
    public const string RecipientPrefix = "r:";

    /// <summary>The domain of such an address.</summary>
    public const string DomainPrefix = "d:";

    /// <summary>A reply's code, its enhanced code, or both.</summary>
    public const string CodePrefix = "c:";

    /// <summary>The type of the exception.</summary>
    public const string ExceptionPrefix = "x:";

    /// <summary>The topic that the record came from.</summary>
    public const string TopicPrefix = "o:";

    /// <summary>The record's key, as text.</summary>
    public const string KeyPrefix = "k:";

    private const string TagPrefix = "t:";

    /// <summary>The terms of a dead letter that do not depend on what its mail's row says.</summary>
    public static string[] Of(DeadLetter record, FailureFacts facts) =>
    [
        ExceptionPrefix + record.ExceptionType,
        .. record.OriginalTopic is { } topic ? [TopicPrefix + topic] : Array.Empty<string>(),
        .. record.Key is { } key ? [KeyPrefix + HeaderText.AsText(key)] : Array.Empty<string>(),
        .. facts.Tags,
    ];

    /// <summary>The terms by which a tag is found: its name, and its name with its value.</summary>
    public static IEnumerable<string> Tag(MailTag tag) =>
        tag.Value is { } value ? [$"{TagPrefix}{tag.Name}", $"{TagPrefix}{tag.Name}:{value}"] : [$"{TagPrefix}{tag.Name}"];

    /// <summary>The term of a tag that is looked for: a name, or a name and a value with a colon between.</summary>
    public static string Tag(string text) => TagPrefix + text;
}
