namespace Contracts;

/// <summary>The names of the fields of a mail in JSON.</summary>
public static class SendEmailFields
{
    /// <summary>The sender.</summary>
    public const string From = "from";

    /// <summary>Recipients.</summary>
    public const string To = "to";

    /// <summary>Copied recipients.</summary>
    public const string Cc = "cc";

    /// <summary>Hidden recipients.</summary>
    public const string Bcc = "bcc";

    /// <summary>Where replies go.</summary>
    public const string ReplyTo = "reply_to";

    /// <summary>The subject.</summary>
    public const string Subject = "subject";

    /// <summary>The plain text.</summary>
    public const string Text = "text";

    /// <summary>Another name for <see cref="Text"/>, which is what is written.</summary>
    public const string Body = "body";

    /// <summary>The HTML form of the body.</summary>
    public const string Html = "html";

    /// <summary>An invitation.</summary>
    public const string Calendar = "calendar";

    /// <summary>Files that go with the mail.</summary>
    public const string Attachments = "attachments";

    /// <summary>Further header fields.</summary>
    public const string Headers = "headers";

    /// <summary>The caller's labels.</summary>
    public const string Tags = "tags";

    /// <summary>The key within which order is kept.</summary>
    public const string OrderingKey = "ordering_key";

    /// <summary>Who gets out of whose way.</summary>
    public const string Stream = "stream";

    /// <summary>When the mail is to be sent.</summary>
    public const string ScheduledAt = "scheduled_at";

    /// <summary>Every field that a mail may have, in the order in which they are written.</summary>
    public static IReadOnlyList<string> All { get; } =
        [From, To, Cc, Bcc, ReplyTo, Subject, Text, Body, Html, Calendar, Attachments, Headers, Tags, OrderingKey, Stream, ScheduledAt];

    /// <summary>Fields that this version refuses by name instead of calling them unknown.</summary>
    public static IReadOnlyList<string> NotSupportedYet { get; } =
        ["template", "template_id", "template_data", "priority", "unsubscribe"];
}
