using System.ComponentModel;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using Persistence.Failures;
using Persistence.Text;
using Producer.Api.Requests;

namespace Producer.Api.Failures;

/// <summary>
/// A filter of failures as callers write it: in the query of a list, and by the same names in the body of an operation. What is left out does
/// not restrict. Text and not types, so that what cannot be read is refused with what is allowed.
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public record FilterTexts
{
    /// <summary>The names of its parts.</summary>
    internal static readonly string[] Names =
    [
        "status", "fingerprint", "mail_id", "recipient", "domain", "sender", "code", "exception", "topic", "key", "tag", "subject", "text", "failed_again_of", "since", "until",
    ];

    /// <summary>The part that finds the failures of a group, by the group's key.</summary>
    internal static string NameOf(FailureGroupBy by) => by == FailureGroupBy.Cause ? "fingerprint" : by.ToText();

    /// <summary><c>unresolved</c>, <c>replayed</c>, <c>failed_again</c>, <c>resolved</c> or <c>discarded</c>; several with commas between.</summary>
    [FromQuery(Name = "status"), Description("`unresolved`, `replayed`, `failed_again`, `resolved` or `discarded`; several with commas between.")]
    public string? Status { get; init; }

    /// <summary>Failures of one cause.</summary>
    [FromQuery(Name = "fingerprint"), Description("Failures of one cause.")]
    public string? Fingerprint { get; init; }

    /// <summary>Failures of one mail, and of records that came with its id and are not it.</summary>
    [FromQuery(Name = "mail_id"), Description("Failures of one mail, and of records that came with its id and are not it.")]
    public string? MailId { get; init; }

    /// <summary>Failures of mails that one address had not got.</summary>
    [FromQuery(Name = "recipient"), Description("Failures of mails that one address had not got.")]
    public string? Recipient { get; init; }

    /// <summary>Failures of mails that an address of one domain had not got.</summary>
    [FromQuery(Name = "domain"), Description("Failures of mails that an address of one domain had not got.")]
    public string? Domain { get; init; }

    /// <summary>Failures of mails from one address.</summary>
    [FromQuery(Name = "sender"), Description("Failures of mails from one address.")]
    public string? Sender { get; init; }

    /// <summary>Failures with a reply of this code: <c>550</c>, <c>5.1.1</c> or <c>550 5.1.1</c>.</summary>
    [FromQuery(Name = "code"), Description("Failures with a reply of this code: `550`, `5.1.1` or `550 5.1.1`.")]
    public string? Code { get; init; }

    /// <summary>Failures with an exception of this type.</summary>
    [FromQuery(Name = "exception"), Description("Failures with an exception of this type.")]
    public string? Exception { get; init; }

    /// <summary>Failures of records from one topic.</summary>
    [FromQuery(Name = "topic"), Description("Failures of records from one topic.")]
    public string? Topic { get; init; }

    /// <summary>Failures of records with one key.</summary>
    [FromQuery(Name = "key"), Description("Failures of records with one key.")]
    public string? Key { get; init; }

    /// <summary>Failures of mails with a tag: its text or name, or its name and value as <c>name:value</c>.</summary>
    [FromQuery(Name = "tag"), Description("Failures of mails with a tag: its text or name, or its name and value as `name:value`.")]
    public string? Tag { get; init; }

    /// <summary>Words of the subject: <c>two words</c>, <c>"a phrase"</c>, <c>one or another</c>, <c>-without</c>.</summary>
    [FromQuery(Name = "subject"), Description("Words of the subject: `two words`, `\"a phrase\"`, `one or another`, `-without`.")]
    public string? Subject { get; init; }

    /// <summary>Words of the subject or of the exception's message, likewise.</summary>
    [FromQuery(Name = "text"), Description("Words of the subject or of the exception's message, likewise.")]
    public string? Text { get; init; }

    /// <summary>What the replays of one operation failed with again: its id.</summary>
    [FromQuery(Name = "failed_again_of"), Description("What the replays of one operation failed with again: its id.")]
    public string? FailedAgainOf { get; init; }

    /// <summary>Failed at this time or later, such as 2030-01-31T12:00:00Z.</summary>
    [FromQuery(Name = "since"), Description("Failed at this time or later, such as 2030-01-31T12:00:00Z.")]
    public string? Since { get; init; }

    /// <summary>Failed before this time.</summary>
    [FromQuery(Name = "until"), Description("Failed before this time.")]
    public string? Until { get; init; }

    /// <summary>What to look for.</summary>
    /// <exception cref="FormatException">A part is not what it should be; the message says which.</exception>
    internal FailureFilter Read() => new()
    {
        Statuses = StatusesOf(QueryTexts.Given(Status)),
        Fingerprint = QueryTexts.Text("fingerprint", Fingerprint),
        MailId = QueryTexts.Id("mail_id", MailId, "a mail"),
        Recipient = QueryTexts.Text("recipient", Recipient),
        Domain = QueryTexts.Text("domain", Domain),
        Sender = QueryTexts.Text("sender", Sender),
        Code = QueryTexts.Text("code", Code),
        ExceptionType = QueryTexts.Text("exception", Exception),
        Topic = QueryTexts.Text("topic", Topic),
        Key = QueryTexts.Text("key", Key),
        Tag = QueryTexts.Text("tag", Tag),
        Subject = QueryTexts.Text("subject", Subject),
        Text = QueryTexts.Text("text", Text),
        FailedAgainOf = QueryTexts.Id("failed_again_of", FailedAgainOf, "an operation"),
        Since = QueryTexts.Time("since", Since),
        Until = QueryTexts.Time("until", Until),
    };

    private static IReadOnlyList<FailureStatus> StatusesOf(string? text) =>
        text is null ? [] : [.. text.Split(',', StringSplitOptions.TrimEntries).Select(StatusOf).Distinct()];

    private static FailureStatus StatusOf(string text) =>
        EnumText.Parse<FailureStatus>(text.ToLowerInvariant())
        ?? throw new FormatException($"'status' is '{QueryTexts.Shown(text)}'; these are expected, with commas between: {string.Join(", ", EnumText.All<FailureStatus>())}.");
}
