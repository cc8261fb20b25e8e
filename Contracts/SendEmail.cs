using System.Text.Json;
using System.Text.Json.Serialization;
using Contracts.Json;

namespace Contracts;

/// <summary>
/// One mail to be sent: the body of <c>POST /emails</c> and, byte for byte the same schema, the value of a record in
/// <see cref="Topics.EmailSend"/> or <see cref="Topics.EmailSendBulk"/>. Reading never fails on a field that is unknown or has the wrong type: such fields are put into
/// <see cref="Unread"/> and named by <see cref="Validation.SendEmailValidator"/>, so that nothing is ignored silently.
/// Property names, order and escaping do not depend on the options of the serializer that is used.
/// </summary>
[JsonConverter(typeof(SendEmailConverter))]
public sealed record SendEmail
{
    /// <summary><c>from</c>: the sender, <c>a@example.com</c> or <c>Ann &lt;a@example.com&gt;</c>. Required; empty where it was not given.</summary>
    public string From { get; init; } = "";

    /// <summary><c>to</c>: recipients, one text or a list. At least one is required among <c>to</c>, <c>cc</c> and <c>bcc</c>.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary><c>cc</c>: recipients who are shown as copied.</summary>
    public IReadOnlyList<string> Cc { get; init; } = [];

    /// <summary><c>bcc</c>: recipients whom the others do not see.</summary>
    public IReadOnlyList<string> Bcc { get; init; } = [];

    /// <summary><c>reply_to</c>: where replies go.</summary>
    public IReadOnlyList<string> ReplyTo { get; init; } = [];

    /// <summary><c>subject</c>: required, may be empty on purpose; <c>null</c> where it was not given.</summary>
    public string? Subject { get; init; }

    /// <summary><c>text</c>, or by its other name <c>body</c>: the plain text. Text or HTML is required, and may be empty on purpose.</summary>
    public string? Text { get; init; }

    /// <summary><c>html</c>: the HTML form of the body.</summary>
    public string? Html { get; init; }

    /// <summary>
    /// <c>calendar</c>: an iCalendar object with its method (RFC 5545, RFC 5546), which mail readers show as an invitation beside text and
    /// HTML (RFC 6047).
    /// </summary>
    public string? Calendar { get; init; }

    /// <summary><c>attachments</c>: files that go with the mail, or stand in its HTML form.</summary>
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];

    /// <summary><c>headers</c>: further header fields of the mail, by name.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = EmptyHeaders;

    /// <summary><c>tags</c>: the caller's own labels, texts or names with values, to find mails by. They are not sent.</summary>
    public IReadOnlyList<MailTag> Tags { get; init; } = [];

    /// <summary><c>ordering_key</c>: mails of one key are sent in the order in which they were accepted.</summary>
    public string? OrderingKey { get; init; }

    /// <summary><c>stream</c>: <c>transactional</c>, the default, or <c>bulk</c>, which leaves the others their way.</summary>
    public MailStream Stream { get; init; }

    /// <summary>
    /// <c>scheduled_at</c>: when the mail is to be sent, at the latest 30 days after it is accepted; <c>null</c>, or a time that is past,
    /// means at once. Written in UTC.
    /// </summary>
    public DateTimeOffset? ScheduledAt { get; init; }

    /// <summary>
    /// <c>scheduled_at</c> as a time from when the mail is accepted, in a post alone: <see cref="At"/> makes the mail that is accepted of it.
    /// </summary>
    public TimeSpan? ScheduledIn { get; init; }

    /// <summary>What was in the JSON and could not be taken. A mail that has any does not validate; they are written back as they came.</summary>
    public IReadOnlyList<UnreadField> Unread { get; init; } = [];

    /// <summary>Every recipient, in the order to, cc, bcc, as written.</summary>
    [JsonIgnore]
    public IEnumerable<string> Recipients => To.Concat(Cc).Concat(Bcc);

    /// <summary>The mail as it is accepted at a time: with a <see cref="ScheduledAt"/> that does not depend on who reads it when.</summary>
    /// <param name="time">The time.</param>
    public SendEmail At(DateTimeOffset time) => ScheduledIn is { } wait ? this with { ScheduledAt = time + wait, ScheduledIn = null } : this;

    private static readonly IReadOnlyDictionary<string, string> EmptyHeaders = new Dictionary<string, string>();

    /// <summary>How many recipients, and nothing a log must not hold.</summary>
    public override string ToString() => $"mail to {To.Count + Cc.Count + Bcc.Count} recipient(s)";
}

/// <summary>A field of the JSON that could not be taken into a <see cref="SendEmail"/>.</summary>
/// <param name="Name">The top-level field it is in.</param>
/// <param name="Value">That field's value, as it came.</param>
/// <param name="Errors">Where exactly and why.</param>
public sealed record UnreadField(string Name, JsonElement Value, IReadOnlyList<Validation.ValidationError> Errors)
{
    /// <summary>How many errors it has beside <see cref="Errors"/>: of a whole mail <see cref="Validation.SendEmailLimits.Errors"/> are listed.</summary>
    public int MoreErrors { get; init; }
}
