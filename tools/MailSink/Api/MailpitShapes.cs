using System.Text.Json.Serialization;

namespace MailSink.Api;

// Mailpit's names: PascalCase inside a message, snake_case around a list.

internal sealed record MailpitAddress(
    [property: JsonPropertyName("Name")] string Name,
    [property: JsonPropertyName("Address")] string Address);

internal sealed record MailpitSummary
{
    [JsonPropertyName("ID")] public required string Id { get; init; }
    [JsonPropertyName("MessageID")] public required string MessageId { get; init; }
    [JsonPropertyName("Read")] public required bool Read { get; init; }
    [JsonPropertyName("From")] public required MailpitAddress? From { get; init; }
    [JsonPropertyName("To")] public required IReadOnlyList<MailpitAddress> To { get; init; }
    [JsonPropertyName("Cc")] public required IReadOnlyList<MailpitAddress> Cc { get; init; }
    [JsonPropertyName("Bcc")] public required IReadOnlyList<MailpitAddress> Bcc { get; init; }
    [JsonPropertyName("ReplyTo")] public required IReadOnlyList<MailpitAddress> ReplyTo { get; init; }
    [JsonPropertyName("Subject")] public required string Subject { get; init; }
    [JsonPropertyName("Created")] public required DateTimeOffset Created { get; init; }
    [JsonPropertyName("Username")] public required string Username { get; init; }
    [JsonPropertyName("Tags")] public IReadOnlyList<string> Tags { get; init; } = [];
    [JsonPropertyName("Size")] public required int Size { get; init; }
    [JsonPropertyName("Attachments")] public required int Attachments { get; init; }
    [JsonPropertyName("Snippet")] public required string Snippet { get; init; }
}

internal sealed record MailpitList
{
    [JsonPropertyName("total")] public required int Total { get; init; }
    [JsonPropertyName("unread")] public required int Unread { get; init; }
    [JsonPropertyName("count")] public required int Count { get; init; }
    [JsonPropertyName("messages_count")] public required int MessagesCount { get; init; }
    [JsonPropertyName("messages_unread")] public required int MessagesUnread { get; init; }
    [JsonPropertyName("start")] public required int Start { get; init; }
    [JsonPropertyName("tags")] public IReadOnlyList<string> Tags { get; init; } = [];
    [JsonPropertyName("messages")] public required IReadOnlyList<MailpitSummary> Messages { get; init; }
}

internal sealed record MailpitAttachment
{
    [JsonPropertyName("PartID")] public required string PartId { get; init; }
    [JsonPropertyName("FileName")] public required string FileName { get; init; }
    [JsonPropertyName("ContentType")] public required string ContentType { get; init; }
    [JsonPropertyName("ContentID")] public required string ContentId { get; init; }
    [JsonPropertyName("Size")] public required long Size { get; init; }
}

internal sealed record MailpitUnsubscribe
{
    [JsonPropertyName("Header")] public required string Header { get; init; }
    [JsonPropertyName("HeaderPost")] public required string HeaderPost { get; init; }
    [JsonPropertyName("Links")] public IReadOnlyList<string> Links { get; init; } = [];
    [JsonPropertyName("Errors")] public string Errors { get; init; } = "";
}

internal sealed record MailpitMessage
{
    [JsonPropertyName("ID")] public required string Id { get; init; }
    [JsonPropertyName("MessageID")] public required string MessageId { get; init; }
    [JsonPropertyName("From")] public required MailpitAddress? From { get; init; }
    [JsonPropertyName("To")] public required IReadOnlyList<MailpitAddress> To { get; init; }
    [JsonPropertyName("Cc")] public required IReadOnlyList<MailpitAddress> Cc { get; init; }
    [JsonPropertyName("Bcc")] public required IReadOnlyList<MailpitAddress> Bcc { get; init; }
    [JsonPropertyName("ReplyTo")] public required IReadOnlyList<MailpitAddress> ReplyTo { get; init; }
    [JsonPropertyName("ReturnPath")] public required string ReturnPath { get; init; }
    [JsonPropertyName("Subject")] public required string Subject { get; init; }
    [JsonPropertyName("ListUnsubscribe")] public required MailpitUnsubscribe ListUnsubscribe { get; init; }
    [JsonPropertyName("Date")] public required DateTimeOffset Date { get; init; }
    [JsonPropertyName("Tags")] public IReadOnlyList<string> Tags { get; init; } = [];
    [JsonPropertyName("Username")] public required string Username { get; init; }
    [JsonPropertyName("Text")] public required string Text { get; init; }
    [JsonPropertyName("HTML")] public required string Html { get; init; }
    [JsonPropertyName("Size")] public required int Size { get; init; }
    [JsonPropertyName("Inline")] public required IReadOnlyList<MailpitAttachment> Inline { get; init; }
    [JsonPropertyName("Attachments")] public required IReadOnlyList<MailpitAttachment> Attachments { get; init; }
}

internal sealed record MailpitRuntime
{
    [JsonPropertyName("Uptime")] public required long Uptime { get; init; }
    [JsonPropertyName("Memory")] public required long Memory { get; init; }
    [JsonPropertyName("MessagesDeleted")] public required long MessagesDeleted { get; init; }
    [JsonPropertyName("SMTPAccepted")] public required long SmtpAccepted { get; init; }
    [JsonPropertyName("SMTPAcceptedSize")] public required long SmtpAcceptedSize { get; init; }
    [JsonPropertyName("SMTPRejected")] public required long SmtpRejected { get; init; }
    [JsonPropertyName("SMTPIgnored")] public long SmtpIgnored { get; init; }
}

internal sealed record MailpitInfo
{
    [JsonPropertyName("Version")] public required string Version { get; init; }
    [JsonPropertyName("LatestVersion")] public string LatestVersion { get; init; } = "disabled";
    [JsonPropertyName("Database")] public string Database { get; init; } = "memory";
    [JsonPropertyName("DatabaseSize")] public required long DatabaseSize { get; init; }
    [JsonPropertyName("Messages")] public required int Messages { get; init; }
    [JsonPropertyName("Unread")] public required int Unread { get; init; }
    [JsonPropertyName("Tags")] public IReadOnlyDictionary<string, long> Tags { get; init; } = new Dictionary<string, long>();
    [JsonPropertyName("RuntimeStats")] public required MailpitRuntime RuntimeStats { get; init; }
}

internal sealed record MailpitIds([property: JsonPropertyName("IDs")] IReadOnlyList<string>? Ids);
