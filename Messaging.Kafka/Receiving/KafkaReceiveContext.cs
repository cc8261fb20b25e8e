using System.Runtime.Serialization;
using System.Text;
using MassTransit;
using MassTransit.Transports;

namespace Messaging.Kafka.Receiving;

/// <summary>A record as MassTransit's receive context.</summary>
internal sealed class KafkaReceiveContext : BaseReceiveContext, KafkaConsumeRecord
{
    private readonly RecordHeaderProvider _headers;

    public KafkaReceiveContext(Delivery delivery, ReceiveEndpointContext endpoint, Uri topicAddress)
        : base(RecordHeaderProvider.IsRedelivery(delivery), endpoint)
    {
        Delivery = delivery;
        InputAddress = topicAddress;
        _headers = new RecordHeaderProvider(delivery.Result);
        Body = new RecordBody(delivery.Result.Message.Value);
        AddOrUpdatePayload<KafkaConsumeRecord>(() => this, _ => this);
    }

    public Delivery Delivery { get; }

    public override MessageBody Body { get; }

    public string Topic => Delivery.Result.Topic;

    public int Partition => Delivery.Result.Partition.Value;

    public long Offset => Delivery.Result.Offset.Value;

    public DateTimeOffset Timestamp => DateTimeOffset.FromUnixTimeMilliseconds(Delivery.Result.Message.Timestamp.UnixTimestampMs);

    public byte[]? Key => Delivery.Result.Message.Key;

    public byte[]? Value => Delivery.Result.Message.Value;

    public IReadOnlyList<KafkaHeader> RecordHeaders => _headers.All;

    public int Pauses => Delivery.Pauses;

    public CancellationToken Draining => Delivery.Assignment.Draining;

    protected override IHeaderProvider HeaderProvider => _headers;

    /// <summary>
    /// A value that is missing (a tombstone) or empty is no message. MassTransit's deserializers take one for an empty object, which
    /// would make a mail of nothing; here it is what it is, and goes to the dead-letter topic.
    /// </summary>
    private sealed class RecordBody(byte[]? value) : MessageBody
    {
        public long? Length => value?.Length;

        public byte[] GetBytes() => value is { Length: > 0 }
            ? value
            : throw new SerializationException(value is null ? "The record has no value (a tombstone)." : "The record's value is empty.");

        public Stream GetStream() => new MemoryStream(GetBytes(), writable: false);

        public string GetString() => Encoding.UTF8.GetString(GetBytes());
    }
}
