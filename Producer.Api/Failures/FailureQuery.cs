using System.ComponentModel;
using System.Globalization;
using Contracts;
using Contracts.Validation;
using Microsoft.AspNetCore.Mvc;
using Persistence.Failures;
using Persistence.Text;

namespace Producer.Api.Failures;

/// <summary>The query of <c>GET /failures</c>, read strictly: a misspelt filter must not list everything.</summary>
/// <remarks>
/// Text and not types, so that what cannot be read is refused with what is allowed. Attributes are the properties': on the parameters
/// of a constructor the OpenAPI document cannot be made of them.
/// </remarks>
internal sealed record FailureQuery(
    [property: FromQuery(Name = FailureQuery.StatusName), Description("`unresolved`, `replayed`, `resolved` or `discarded`.")] string? Status,
    [property: FromQuery(Name = FailureQuery.FingerprintName), Description("Failures of one cause.")] string? Fingerprint,
    [property: FromQuery(Name = FailureQuery.MailIdName), Description("Failures of one mail.")] string? MailId,
    [property: FromQuery(Name = FailureQuery.RecipientName), Description("Failures of mails to one address.")] string? Recipient,
    [property: FromQuery(Name = FailureQuery.SinceName), Description("Failed at this time or later, such as 2030-01-31T12:00:00Z.")] string? Since,
    [property: FromQuery(Name = FailureQuery.UntilName), Description("Failed before this time.")] string? Until,
    [property: FromQuery(Name = FailureQuery.LimitName), Description("How many at most: 1 to 200, 50 by default.")] string? Limit,
    [property: FromQuery(Name = FailureQuery.CursorName), Description("The `next_cursor` of the page before.")] string? Cursor,
    HttpRequest Request)
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;
    private const int MostShown = 100;

    private const string StatusName = "status";
    private const string FingerprintName = "fingerprint";
    private const string MailIdName = "mail_id";
    private const string RecipientName = "recipient";
    private const string SinceName = "since";
    private const string UntilName = "until";
    private const string LimitName = "limit";
    private const string CursorName = "cursor";

    private static readonly string[] Names = [StatusName, FingerprintName, MailIdName, RecipientName, SinceName, UntilName, LimitName, CursorName];

    /// <summary>What to look for.</summary>
    /// <exception cref="FormatException">A parameter is unknown, given twice or not what it should be; the message says which.</exception>
    public FailureFilter Filter()
    {
        foreach (var (name, values) in Request.Query)
        {
            if (!Names.Contains(name, StringComparer.Ordinal))
                throw new FormatException($"'{Texts.Cut(name, MostShown)}' is not a parameter here; these are: {string.Join(", ", Names)}.");
            if (values.Count != 1)
                throw new FormatException($"'{name}' is given {values.Count} times; give it once.");
            if (values.ToString().Any(char.IsControl))
                throw new FormatException($"'{name}' holds a control character.");
        }

        return new FailureFilter
        {
            Status = Given(Status) is { } status ? StatusOf(status) : null,
            Fingerprint = Given(Fingerprint),
            MailId = Given(MailId) is { } id ? IdOf(id) : null,
            Recipient = Given(Recipient),
            Since = Given(Since) is { } since ? TimeOf(SinceName, since) : null,
            Until = Given(Until) is { } until ? TimeOf(UntilName, until) : null,
        };
    }

    /// <summary>How many to list at most.</summary>
    /// <exception cref="FormatException">It is not a number that is allowed.</exception>
    public int PageSize() =>
        Given(Limit) is not { } text ? DefaultLimit
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MaxLimit ? limit
        : throw new FormatException($"'{LimitName}' is '{Texts.Cut(text, MostShown)}'; 1 to {MaxLimit} is allowed.");

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static FailureStatus StatusOf(string text) =>
        EnumText.Parse<FailureStatus>(text.ToLowerInvariant())
        ?? throw new FormatException($"'{StatusName}' is '{Texts.Cut(text, MostShown)}'; one of these is expected: {string.Join(", ", EnumText.All<FailureStatus>())}.");

    private static Guid IdOf(string text) =>
        Guid.TryParseExact(text, "D", out var id) ? id : throw new FormatException($"'{MailIdName}' is '{Texts.Cut(text, MostShown)}'; the UUID of a mail is expected.");

    private static DateTimeOffset TimeOf(string name, string text) =>
        Rfc3339.TryParse(text, out var time)
            ? time
            : throw new FormatException($"'{name}' is '{Texts.Cut(text, MostShown)}'; {Rfc3339.Rule}. In a query a + is written %2B.");
}
