using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Persistence.Mails;
using Producer.Api.Requests;

namespace Producer.Api.Emails;

/// <summary>The query of <c>GET /emails</c>, read strictly: a misspelt filter must not list everything.</summary>
internal sealed record EmailQuery(
    [property: FromQuery(Name = EmailQuery.RecipientName), Description("Mails to one address, whatever its case, once their first attempt is over.")] string? Recipient,
    [property: FromQuery(Name = EmailQuery.SenderName), Description("Mails from one address, whatever its case.")] string? Sender,
    [property: FromQuery(Name = EmailQuery.StateName), Description("`scheduled`, `queued`, `sending`, `sent`, `dead`, `canceled`, `discarded` or `held`.")] string? State,
    [property: FromQuery(Name = EmailQuery.TagName), Description("Mails with a tag: its text, or its name and value as `name:value`; a name alone finds all of its values.")] string? Tag,
    [property: FromQuery(Name = EmailQuery.SinceName), Description("Read by a worker at this time or later, such as 2030-01-31T12:00:00Z.")] string? Since,
    [property: FromQuery(Name = EmailQuery.UntilName), Description("Read by a worker before this time.")] string? Until,
    [property: FromQuery(Name = EmailQuery.SubjectName), Description("Mails with this text in the subject, whatever its case.")] string? Subject,
    [property: FromQuery(Name = EmailQuery.LimitName), Description("How many at most: 1 to 100, 20 by default.")] string? Limit,
    [property: FromQuery(Name = EmailQuery.CursorName), Description("The `next_cursor` of the page before.")] string? Cursor,
    [property: FromQuery(Name = EmailQuery.AfterName), Description("Mails that come after this one in the list: older ones. A mail's id.")] string? After,
    [property: FromQuery(Name = EmailQuery.BeforeName), Description("Mails that come before this one in the list: newer ones. A mail's id.")] string? Before,
    HttpRequest Request)
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    private const string RecipientName = "recipient";
    private const string SenderName = "sender";
    private const string StateName = "state";
    private const string TagName = "tag";
    private const string SinceName = "since";
    private const string UntilName = "until";
    private const string SubjectName = "subject";
    private const string LimitName = "limit";
    private const string CursorName = "cursor";
    private const string AfterName = "after";
    private const string BeforeName = "before";

    private static readonly string[] Names =
        [RecipientName, SenderName, StateName, TagName, SinceName, UntilName, SubjectName, LimitName, CursorName, AfterName, BeforeName];

    /// <summary>What to look for.</summary>
    /// <exception cref="FormatException">A parameter is unknown, given twice or not what it should be; the message says which.</exception>
    public MailFilter Filter()
    {
        QueryTexts.Check(Request, Names);
        if (new[] { Cursor, After, Before }.Count(from => !string.IsNullOrEmpty(from)) > 1)
            throw new FormatException($"Give one of '{CursorName}', '{AfterName}' and '{BeforeName}'.");
        return new MailFilter
        {
            Recipient = QueryTexts.Given(Recipient),
            Sender = QueryTexts.Given(Sender),
            State = QueryTexts.Word<MailState>(StateName, State),
            Tag = QueryTexts.Given(Tag),
            Since = QueryTexts.Time(SinceName, Since),
            Until = QueryTexts.Time(UntilName, Until),
            Subject = QueryTexts.Given(Subject),
        };
    }

    /// <summary>How many to list at most.</summary>
    /// <exception cref="FormatException">It is not a number that is allowed.</exception>
    public int PageSize() => QueryTexts.Limit(LimitName, Limit, DefaultLimit, MaxLimit);

    /// <summary>From where the page goes on; null for the newest.</summary>
    /// <param name="mails">Where mails are found.</param>
    /// <param name="apiKeyId">The API key of the list; null where it has the mails of all.</param>
    /// <param name="cancellationToken">The caller went away.</param>
    /// <exception cref="FormatException">It is not a cursor of this list, or no mail of it.</exception>
    public async Task<MailPosition?> FromAsync(MailSearch mails, Guid? apiKeyId, CancellationToken cancellationToken)
    {
        if (QueryTexts.Given(Cursor) is { } cursor)
            return MailCursor.Parse(cursor);
        if (QueryTexts.MailId(AfterName, After) is { } after)
            return await PositionAsync(AfterName, after);
        return QueryTexts.MailId(BeforeName, Before) is { } before ? await PositionAsync(BeforeName, before) with { IsBefore = true } : null;

        async Task<MailPosition> PositionAsync(string name, Guid id) => await mails.FindPositionAsync(id, apiKeyId, cancellationToken)
            ?? throw new FormatException($"'{name}' is '{id}', which is not a mail of the list.");
    }
}
