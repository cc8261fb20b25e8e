using System.Collections.Frozen;
using Contracts;
using MassTransit;
using MassTransit.Transports;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

/// <summary>The topics of mails as the queue: each stream has its own.</summary>
internal sealed class KafkaMailQueue : IMailQueue
{
    private readonly IRawTopicProducer _records;
    private readonly FrozenDictionary<MailStream, ITopicProducer<string, SendEmail>> _mails;
    private readonly string? _installation;
    private readonly QueueCircuit _circuit;

    public KafkaMailQueue(IBusInstance bus, MailTopics names, QueueCircuit circuit)
    {
        // The rider's own producers, which are in no scope: a post has no message that it could belong to.
        var rider = bus.GetRider<IKafkaRider>();
        (_installation, _circuit, _records) = (names.Installation, circuit, rider.RawProducer);
        _mails = Enum.GetValues<MailStream>().ToFrozenDictionary(stream => stream, stream => rider.GetProducer<string, SendEmail>(new Uri($"topic:{names.TopicOf(stream)}")));
    }

    public Task EnqueueAsync(Guid id, string key, SendEmail mail, Guid? apiKeyId, CancellationToken cancellationToken) =>
        _circuit.RunAsync(() => _mails[mail.Stream].Produce(key, mail, new Labels(id, _installation, apiKeyId), cancellationToken));

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
