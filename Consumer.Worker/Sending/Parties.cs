using Consumer.Worker.Smtp.Pace;
using Microsoft.Extensions.Options;
using Persistence.Mails;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Sending;

/// <summary>Says whose turn a mail waits for: by its record's topic, and by <see cref="WorkerOptions.FairBy"/>.</summary>
internal sealed class Parties(MailTopics topics, IOptions<WorkerOptions> options)
{
    private readonly bool _bySender = options.Value.FairBy == FairBy.Sender;

    /// <summary>The party of a mail.</summary>
    public Party Of(MailRecord record) => new(topics.StreamOf(record.Topic), _bySender && record.Sender is { } sender ? SenderReader.Address(sender) : null);
}
