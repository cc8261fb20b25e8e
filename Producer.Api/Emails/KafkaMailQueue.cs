using Contracts;
using MassTransit;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

/// <summary>The topic of mails as the queue.</summary>
internal sealed class KafkaMailQueue(ITopicProducer<string, SendEmail> mails, IRawTopicProducer records, MailTopics names, QueueCircuit circuit) : IMailQueue
{
    public Task EnqueueAsync(Guid id, string key, SendEmail mail, CancellationToken cancellationToken) =>
        circuit.RunAsync(() => mails.Produce(
            key, mail,
            Pipe.Execute<KafkaSendContext<string, SendEmail>>(context =>
            {
                context.MessageId = id;
                if (names.Installation is { } installation)
                    context.Headers.Set(HeaderNames.Installation, installation);
            }),
            cancellationToken));

    public Task EnqueueAgainAsync(byte[]? key, byte[]? value, IReadOnlyList<RecordHeader> headers, CancellationToken cancellationToken) =>
        circuit.RunAsync(() => records.Produce(names.Mails, key, value, headers.ToKafka(), cancellationToken));
}
