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
    [property: FromQuery(Name = "status"), Description("`unresolved`, `replayed`, `failed_again`, `resolved` or `discarded`; several with commas between.")] string? Status,
    [property: FromQuery(Name = "fingerprint"), Description("Failures of one cause.")] string? Fingerprint,
    [property: FromQuery(Name = "mail_id"), Description("Failures of one mail, and of records that came with its id and are not it.")] string? MailId,
    [property: FromQuery(Name = "recipient"), Description("Failures of mails that one address had not got.")] string? Recipient,
    [property: FromQuery(Name = "domain"), Description("Failures of mails that an address of one domain had not got.")] string? Domain,
    [property: FromQuery(Name = "sender"), Description("Failures of mails from one address.")] string? Sender,
    [property: FromQuery(Name = "code"), Description("Failures with a reply of this code: `550`, `5.1.1` or `550 5.1.1`.")] string? Code,
    [property: FromQuery(Name = "exception"), Description("Failures with an exception of this type.")] string? Exception,
    [property: FromQuery(Name = "topic"), Description("Failures of records from one topic.")] string? Topic,
    [property: FromQuery(Name = "key"), Description("Failures of records with one key.")] string? Key,
    [property: FromQuery(Name = "tag"), Description("Failures of mails with a tag: its text or name, or its name and value as `name:value`.")] string? Tag,
    [property: FromQuery(Name = "subject"), Description("Words of the subject: `two words`, `\"a phrase\"`, `one or another`, `-without`.")] string? Subject,
    [property: FromQuery(Name = "text"), Description("Words of the subject or of the exception's message, likewise.")] string? Text,
    [property: FromQuery(Name = "since"), Description("Failed at this time or later, such as 2030-01-31T12:00:00Z.")] string? Since,
    [property: FromQuery(Name = "until"), Description("Failed before this time.")] string? Until,
    [property: FromQuery(Name = "sort"), Description("`newest`, the default, or `oldest` first.")] string? Sort,
    [property: FromQuery(Name = "count"), Description("`true`: say how many there are in all, in `total`; counted up to 100,000.")] string? Count,
    [property: FromQuery(Name = "limit"), Description("How many at most: 1 to 200, 50 by default.")] string? Limit,
    [property: FromQuery(Name = "cursor"), Description("The `next_cursor` of the page before.")] string? Cursor,
    HttpRequest Request)
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    private static readonly string[] FilterNames =
        ["status", "fingerprint", "mail_id", "recipient", "domain", "sender", "code", "exception", "topic", "key", "tag", "subject", "text", "since", "until"];

    private static readonly string[] Names = [.. FilterNames, "sort", "count", "limit", "cursor"];

    /// <summary>The filter as it was written.</summary>
    public FilterTexts Texts => new()
    {
        Status = Status,
        Fingerprint = Fingerprint,
        MailId = MailId,
        Recipient = Recipient,
        Domain = Domain,
        Sender = Sender,
        Code = Code,
        Exception = Exception,
        Topic = Topic,
        Key = Key,
        Tag = Tag,
        Subject = Subject,
        Text = Text,
        Since = Since,
        Until = Until,
    };

    /// <summary>What to look for.</summary>
    /// <exception cref="FormatException">A parameter is unknown, given twice or not what it should be; the message says which.</exception>
    public FailureFilter Filter()
    {
        QueryTexts.Check(Request, Names);
        return Texts.Read();
    }

    /// <summary>In which order.</summary>
    /// <exception cref="FormatException">It is not one that is known.</exception>
    public FailureOrder Order() => QueryTexts.Given(Sort) is not { } sort
        ? FailureOrder.Newest
        : EnumText.Parse<FailureOrder>(sort) ?? throw new FormatException($"'sort' is '{QueryTexts.Shown(sort)}'; {string.Join(" or ", EnumText.All<FailureOrder>())} is expected.");

    /// <summary>Whether all are to be counted.</summary>
    /// <exception cref="FormatException">It is neither true nor false.</exception>
    public bool IsCounted() => QueryTexts.Given(Count) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw new FormatException($"'count' is '{QueryTexts.Shown(other)}'; true or false is expected."),
    };

    /// <summary>How many to list at most.</summary>
    /// <exception cref="FormatException">It is not a number that is allowed.</exception>
    public int PageSize() => QueryTexts.Limit("limit", Limit, DefaultLimit, MaxLimit);
}
