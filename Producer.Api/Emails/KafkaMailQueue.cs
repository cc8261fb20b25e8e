using Contracts;
using MassTransit;
using MassTransit.Transports;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

/// <summary>The topics of mails as the queue: each stream has its own.</summary>
internal sealed class KafkaMailQueue : IMailQueue
{
    private readonly IRawTopicProducer _records;
    private readonly ITopicProducer<string, SendEmail> _mails;
    private readonly ITopicProducer<string, SendEmail> _bulkMails;
    private readonly MailTopics _names;
    private readonly QueueCircuit _circuit;

    public KafkaMailQueue(IBusInstance bus, MailTopics names, QueueCircuit circuit)
    {
        // The rider's own producers, which are in no scope: a post has no message that it could belong to.
        var rider = bus.GetRider<IKafkaRider>();
        (_names, _circuit, _records) = (names, circuit, rider.RawProducer);
        _mails = rider.GetProducer<string, SendEmail>(new Uri($"topic:{names.Mails}"));
        _bulkMails = rider.GetProducer<string, SendEmail>(new Uri($"topic:{names.BulkMails}"));
    }

    public Task EnqueueAsync(Guid id, string key, SendEmail mail, Guid? apiKeyId, CancellationToken cancellationToken)
    {
        var producer = _names.TopicOf(mail.Stream) == _names.Mails ? _mails : _bulkMails;
        return _circuit.RunAsync(() => producer.Produce(key, mail, new Labels(id, _names.Installation, apiKeyId), cancellationToken));
    }

    public Task EnqueueAgainAsync(string topic, byte[]? key, byte[]? value, IReadOnlyList<RecordHeader> headers, CancellationToken cancellationToken) =>
        _circuit.RunAsync(() => _records.Produce(topic, key, value, headers.ToKafka(), cancellationToken));

    /// <summary>What a mail's record says beside the mail.</summary>
    private sealed class Labels(Guid id, string? installation, Guid? apiKeyId) : IPipe<KafkaSendContext<string, SendEmail>>
    {
        public Task Send(KafkaSendContext<string, SendEmail> context)
        {
            context.MessageId = id;
            if (installation is not null)
                context.Headers.Set(HeaderNames.Installation, installation);
            if (apiKeyId is { } owner)
                context.Headers.Set(HeaderNames.ApiKey, owner.ToString());
            return Task.CompletedTask;
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("labels");
    }
}
