using System.Globalization;
using Persistence.Failures;

namespace Producer.Api.Failures;

/// <summary>The query of <c>GET /failures</c>, read strictly: a misspelt filter must not list everything.</summary>
internal sealed record FailureQuery(FailureFilter Filter, int Limit, string? Cursor)
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 200;

    public const string Status = "status";
    public const string Fingerprint = "fingerprint";
    public const string MailId = "mail_id";
    public const string Recipient = "recipient";
    public const string Since = "since";
    public const string Until = "until";
    public const string LimitName = "limit";
    public const string CursorName = "cursor";

    private static readonly string[] Names = [Status, Fingerprint, MailId, Recipient, Since, Until, LimitName, CursorName];

    /// <summary>Reads the query.</summary>
    /// <exception cref="FormatException">A parameter is unknown, given twice or not what it should be; the message says which.</exception>
    public static FailureQuery Read(IQueryCollection query)
    {
        foreach (var (name, values) in query)
        {
            if (!Names.Contains(name, StringComparer.Ordinal))
                throw new FormatException($"'{name}' is no parameter here; these are: {string.Join(", ", Names)}.");
            if (values.Count != 1)
                throw new FormatException($"'{name}' is given {values.Count} times; give it once.");
        }

        string? Text(string name) => query.TryGetValue(name, out var value) && value.ToString() is { Length: > 0 } text ? text : null;
        var filter = new FailureFilter
        {
            Status = Text(Status) is { } status ? StatusOf(status) : null,
            Fingerprint = Text(Fingerprint),
            MailId = Text(MailId) is { } id ? IdOf(id) : null,
            Recipient = Text(Recipient),
            Since = Text(Since) is { } since ? TimeOf(Since, since) : null,
            Until = Text(Until) is { } until ? TimeOf(Until, until) : null,
        };
        return new FailureQuery(filter, Text(LimitName) is { } limit ? LimitOf(limit) : DefaultLimit, Text(CursorName));
    }

    private static FailureStatus StatusOf(string text) =>
        Enum.GetValues<FailureStatus>().Cast<FailureStatus?>().FirstOrDefault(status => status.ToString()!.Equals(text, StringComparison.OrdinalIgnoreCase))
        ?? throw new FormatException($"'{Status}' is '{text}'; unresolved, replayed, resolved or discarded is expected.");

    private static Guid IdOf(string text) =>
        Guid.TryParseExact(text, "D", out var id) ? id : throw new FormatException($"'{MailId}' is '{text}'; the UUID of a mail is expected.");

    private static DateTimeOffset TimeOf(string name, string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new FormatException($"'{name}' is '{text}'; a time such as 2030-01-31T12:00:00Z is expected.");

    private static int LimitOf(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MaxLimit
            ? limit
            : throw new FormatException($"'{LimitName}' is '{text}'; 1 to {MaxLimit} is allowed.");
}
