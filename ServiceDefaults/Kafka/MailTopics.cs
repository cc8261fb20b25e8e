using Contracts;
using MassTransit;
using Microsoft.Extensions.Configuration;

namespace ServiceDefaults.Kafka;

/// <summary>
/// What an installation calls its topics and groups, and what it is called itself: the names of <see cref="Topics"/> and <see cref="Groups"/>
/// behind <see cref="KafkaOptions.TopicPrefix"/> and <see cref="KafkaOptions.GroupPrefix"/>. Tests that share a broker take their own.
/// </summary>
/// <param name="Mails">The topic of accepted mails.</param>
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

    /// <summary>The other installation that a record is of, by its header; null where it is of this one, has no header, or this one has no name.</summary>
    /// <param name="headers">The record's headers.</param>
    public string? OtherInstallation(IReadOnlyList<KafkaHeader> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        return Installation is not null && headers.LastOrDefault(header => header.Name == HeaderNames.Installation).Value.AsText() is { } found && found != Installation ? found : null;
    }
}
