using Contracts;
using MassTransit;
using Microsoft.Extensions.Configuration;

namespace ServiceDefaults.Kafka;

/// <summary>
/// What an installation calls its topics and groups, and what it is called itself: the names of <see cref="Topics"/> and <see cref="Groups"/>
/// behind <see cref="KafkaOptions.TopicPrefix"/> and <see cref="KafkaOptions.GroupPrefix"/>. Tests that share a broker take their own.
/// </summary>
/// <param name="Mails">The topic of accepted mails of the stream <see cref="MailStream.Transactional"/>.</param>
/// <param name="Group">The group that sends them.</param>
/// <param name="DelayGroup">The group of the delay topics.</param>
/// <param name="DeadLetters">The topic of dead letters.</param>
/// <param name="DeadLetterGroup">The group that records them.</param>
public sealed record MailTopics(string Mails, string Group, string DelayGroup, string DeadLetters, string DeadLetterGroup)
{
    /// <summary>Without prefixes.</summary>
    public static readonly MailTopics Default = Of("", "");

    /// <summary><see cref="KafkaOptions.Installation"/>; null where it has none.</summary>
    public string? Installation { get; init; }

    /// <summary>The topic of accepted mails of the stream <see cref="MailStream.Bulk"/>; it is read by the same group, and has the same delay topics and dead letters.</summary>
    public string BulkMails { get; } = Mails + Topics.EmailSendBulk[Topics.EmailSend.Length..];

    /// <summary>The topics of accepted mails.</summary>
    public IReadOnlyList<string> AllMails => [Mails, BulkMails];

    /// <summary>Starts the name of every delay topic.</summary>
    public string DelayPrefix { get; } = Mails + Topics.EmailSendDelayPrefix[Topics.EmailSend.Length..];

    /// <summary>The names behind prefixes.</summary>
    /// <param name="topicPrefix">Stands before each topic.</param>
    /// <param name="groupPrefix">Stands before each group.</param>
    public static MailTopics Of(string topicPrefix, string groupPrefix) => new(
        topicPrefix + Topics.EmailSend, groupPrefix + Groups.EmailSend, groupPrefix + Groups.EmailSendDelay,
        topicPrefix + Topics.EmailSendDeadLetter, groupPrefix + Groups.EmailSendDeadLetter);

    /// <summary>
    /// The names by the configuration, for what needs them before options can be asked for. Whether they are valid is checked with the options.
    /// </summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="names">Names to take in place of those.</param>
    public static MailTopics Of(IConfiguration configuration, MailTopics? names = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection(KafkaOptions.Section);
        var installation = section[nameof(KafkaOptions.Installation)];
        return (names ?? Of(section[nameof(KafkaOptions.TopicPrefix)] ?? "", section[nameof(KafkaOptions.GroupPrefix)] ?? "")) with
        {
            Installation = string.IsNullOrEmpty(installation) ? null : installation,
        };
    }

    /// <summary>Whether a topic is one of accepted mails.</summary>
    /// <param name="topic">The topic.</param>
    public bool IsMails(string? topic) => topic == Mails || topic == BulkMails;

    /// <summary>Whether a topic is one in which mails wait for their next attempt.</summary>
    /// <param name="topic">The topic.</param>
    public bool IsDelay(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return topic.StartsWith(DelayPrefix, StringComparison.Ordinal);
    }

    /// <summary>The topic of a stream.</summary>
    /// <param name="stream">The stream.</param>
    public string TopicOf(MailStream stream) => stream == MailStream.Bulk ? BulkMails : Mails;

    /// <summary>The stream of a record, or of the mail whose first record it was. Its topic decides: old records and rows are transactional by that.</summary>
    /// <param name="topic">The record's topic.</param>
    public MailStream StreamOf(string? topic) => topic == BulkMails ? MailStream.Bulk : MailStream.Transactional;

    /// <summary>The topic that a mail's record is produced to again, so that it stays in its stream.</summary>
    /// <param name="topic">The topic that the mail's record was in.</param>
    public string TopicOf(string? topic) => TopicOf(StreamOf(topic));

    /// <summary>As the other, of a dead letter, which may be of a record that waited in a delay topic.</summary>
    /// <param name="topic">The topic that it came from.</param>
    /// <param name="headers">Its headers.</param>
    public string TopicOf(string? topic, IReadOnlyList<RecordHeader> headers) =>
        TopicOf(IsMails(topic) ? topic : headers.Last(HeaderNames.DelayTopic).AsText());

    /// <summary>The other installation that a record is of, by its header; null where it is of this one, has no header, or this one has no name.</summary>
    /// <param name="headers">The record's headers.</param>
    public string? OtherInstallation(IReadOnlyList<KafkaHeader> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        return Installation is not null && headers.Last(HeaderNames.Installation).AsText() is { } found && found != Installation ? found : null;
    }
}
