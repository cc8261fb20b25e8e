using Contracts;
using MassTransit;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

/// <summary>The topics of mails as the queue: each stream has its own.</summary>
internal sealed class KafkaMailQueue(ITopicProducerProvider producers, IRawTopicProducer records, MailTopics names, QueueCircuit circuit) : IMailQueue
{
    public Task EnqueueAsync(Guid id, string key, SendEmail mail, Guid? apiKeyId, CancellationToken cancellationToken) =>
        circuit.RunAsync(() => producers.GetProducer<string, SendEmail>(new Uri($"topic:{names.TopicOf(mail.Stream)}")).Produce(
            key, mail,
            Pipe.Execute<KafkaSendContext<string, SendEmail>>(context =>
            {
                context.MessageId = id;
                if (names.Installation is { } installation)
                    context.Headers.Set(HeaderNames.Installation, installation);
                if (apiKeyId is { } owner)
                    context.Headers.Set(HeaderNames.ApiKey, owner.ToString());
            }),
            cancellationToken));

    public Task EnqueueAgainAsync(string topic, byte[]? key, byte[]? value, IReadOnlyList<RecordHeader> headers, CancellationToken cancellationToken) =>
        circuit.RunAsync(() => records.Produce(topic, key, value, headers.ToKafka(), cancellationToken));
}
