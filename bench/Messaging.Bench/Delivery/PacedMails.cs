using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Contracts;
using MassTransit;

namespace Messaging.Bench.Delivery;

/// <summary>Puts mails evenly into the partitions of the streams' topics, so that two workers have as many each.</summary>
/// <param name="bootstrapServers">The broker.</param>
/// <param name="topic">The topic of transactional mails; that of bulk is named after it.</param>
internal sealed class PacedMails(string bootstrapServers, string topic) : IDisposable
{
    private const int Partitions = 4;

    // A topic that the worker has not created yet would be created with the broker's number of partitions.
    private readonly IProducer<string, byte[]> _producer = new ProducerBuilder<string, byte[]>(new ProducerConfig
    {
        BootstrapServers = bootstrapServers,
        LingerMs = 0,
        AllowAutoCreateTopics = false,
    }).Build();

    private int _number;

    /// <summary>Produces mails; who waits for them sees whether they were taken.</summary>
    public void Produce(MailStream stream, int mails)
    {
        for (var mail = 0; mail < mails; mail++)
            Produce(stream);
    }

    /// <summary>Whether a mail that arrived is of a stream.</summary>
    public static bool IsOf(MailStream stream, string sender) => sender.StartsWith(stream.ToString(), StringComparison.Ordinal);

    public void Dispose() => _producer.Dispose();

    private void Produce(MailStream stream)
    {
        var id = Guid.NewGuid().ToString();
        var mail = new SendEmail
        {
            From = $"{stream}@shop.example.com",
            To = [string.Create(CultureInfo.InvariantCulture, $"{id}@example.com")],
            Subject = stream.ToString(),
            Text = "text",
            Stream = stream,
        };
        var name = stream == MailStream.Bulk ? topic + Contracts.Topics.EmailSendBulk[Contracts.Topics.EmailSend.Length..] : topic;
        _producer.Produce(
            new TopicPartition(name, _number++ % Partitions),
            new Message<string, byte[]> { Key = id, Value = SendEmailJson.Serialize(mail), Headers = [new Header(MessageHeaders.MessageId, Encoding.UTF8.GetBytes(id))] });
    }
}
