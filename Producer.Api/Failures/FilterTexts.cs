using System.Text.Json.Serialization;
using Persistence.Failures;
using Persistence.Text;
using Producer.Api.Requests;

namespace Producer.Api.Failures;

/// <summary>A filter of failures as callers write it: in the query of a list, and by the same names in the body of an operation. What is left out does not restrict.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record FilterTexts
{
    /// <summary>Statuses, with commas between: <c>unresolved</c>, <c>replayed</c>, <c>failed_again</c>, <c>resolved</c>, <c>discarded</c>.</summary>
    public string? Status { get; init; }

    /// <summary>Failures of one cause.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Failures of one mail, and of records that came with its id and are not it.</summary>
    public string? MailId { get; init; }

    /// <summary>Failures of mails that one address had not got.</summary>
    public string? Recipient { get; init; }

    /// <summary>Failures of mails that an address of one domain had not got.</summary>
    public string? Domain { get; init; }

    /// <summary>Failures of mails from one address.</summary>
    public string? Sender { get; init; }

    /// <summary>Failures with a reply of this code: <c>550</c>, <c>5.1.1</c> or <c>550 5.1.1</c>.</summary>
    public string? Code { get; init; }

    /// <summary>Failures with an exception of this type.</summary>
    public string? Exception { get; init; }

    /// <summary>Failures of records from one topic.</summary>
    public string? Topic { get; init; }

    /// <summary>Failures of records with one key.</summary>
    public string? Key { get; init; }

    /// <summary>Failures of mails with a tag: its text or name, or its name and value as <c>name:value</c>.</summary>
    public string? Tag { get; init; }

    /// <summary>Words of the subject: <c>two words</c>, <c>"a phrase"</c>, <c>one or another</c>, <c>-without</c>.</summary>
    public string? Subject { get; init; }

    /// <summary>Words of the subject or of the exception's message, likewise.</summary>
    public string? Text { get; init; }

    /// <summary>Failed at this time or later, such as 2030-01-31T12:00:00Z.</summary>
    public string? Since { get; init; }

    /// <summary>Failed before this time.</summary>
    public string? Until { get; init; }

    /// <summary>What to look for.</summary>
    /// <exception cref="FormatException">A part is not what it should be; the message says which.</exception>
    internal FailureFilter Read() => new()
    {
        Statuses = StatusesOf(QueryTexts.Given(Status)),
        Fingerprint = QueryTexts.Given(Fingerprint),
        MailId = QueryTexts.MailId("mail_id", MailId),
        Recipient = QueryTexts.Given(Recipient),
        Domain = QueryTexts.Given(Domain),
        Sender = QueryTexts.Given(Sender),
        Code = QueryTexts.Given(Code),
        ExceptionType = QueryTexts.Given(Exception),
        Topic = QueryTexts.Given(Topic),
        Key = QueryTexts.Given(Key),
        Tag = QueryTexts.Given(Tag),
        Subject = QueryTexts.Given(Subject),
        Text = QueryTexts.Given(Text),
        Since = QueryTexts.Time("since", Since),
        Until = QueryTexts.Time("until", Until),
    };

    private static IReadOnlyList<FailureStatus> StatusesOf(string? text) =>
        text is null ? [] : [.. text.Split(',', StringSplitOptions.TrimEntries).Select(StatusOf).Distinct()];

    private static FailureStatus StatusOf(string text) =>
        EnumText.Parse<FailureStatus>(text.ToLowerInvariant())
        ?? throw new FormatException($"'status' is '{QueryTexts.Shown(text)}'; these are expected, with commas between: {string.Join(", ", EnumText.All<FailureStatus>())}.");
}
