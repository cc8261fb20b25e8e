using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Persistence.Failures;
using Persistence.Text;
using Producer.Api.Requests;

namespace Producer.Api.Failures;

/// <summary>The query of <c>GET /failures</c>, read strictly: a misspelt filter must not list everything.</summary>
/// <remarks>
/// Text and not types, so that what cannot be read is refused with what is allowed. Attributes are the properties': on the parameters
/// of a constructor the OpenAPI document cannot be made of them.
/// </remarks>
internal sealed record FailureQuery(
    [property: FromQuery(Name = FailureQuery.StatusName), Description("`unresolved`, `replayed`, `failed_again`, `resolved` or `discarded`.")] string? Status,
    [property: FromQuery(Name = FailureQuery.FingerprintName), Description("Failures of one cause.")] string? Fingerprint,
    [property: FromQuery(Name = FailureQuery.MailIdName), Description("Failures of one mail, and of records that came with its id and are not it.")] string? MailId,
    [property: FromQuery(Name = FailureQuery.RecipientName), Description("Failures of mails to one address.")] string? Recipient,
    [property: FromQuery(Name = FailureQuery.SinceName), Description("Failed at this time or later, such as 2030-01-31T12:00:00Z.")] string? Since,
    [property: FromQuery(Name = FailureQuery.UntilName), Description("Failed before this time.")] string? Until,
    [property: FromQuery(Name = FailureQuery.LimitName), Description("How many at most: 1 to 200, 50 by default.")] string? Limit,
    [property: FromQuery(Name = FailureQuery.CursorName), Description("The `next_cursor` of the page before.")] string? Cursor,
    HttpRequest Request)
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

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
        QueryTexts.Check(Request, Names);
        return new FailureFilter
        {
            Status = QueryTexts.Given(Status) is { } status ? StatusOf(status) : null,
            Fingerprint = QueryTexts.Given(Fingerprint),
            MailId = QueryTexts.MailId(MailIdName, MailId),
            Recipient = QueryTexts.Given(Recipient),
            Since = QueryTexts.Time(SinceName, Since),
            Until = QueryTexts.Time(UntilName, Until),
        };
    }

    /// <summary>How many to list at most.</summary>
    /// <exception cref="FormatException">It is not a number that is allowed.</exception>
    public int PageSize() => QueryTexts.Limit(LimitName, Limit, DefaultLimit, MaxLimit);

    private static FailureStatus StatusOf(string text) =>
        EnumText.Parse<FailureStatus>(text.ToLowerInvariant())
        ?? throw new FormatException($"'{StatusName}' is '{QueryTexts.Shown(text)}'; one of these is expected: {string.Join(", ", EnumText.All<FailureStatus>())}.");
}
