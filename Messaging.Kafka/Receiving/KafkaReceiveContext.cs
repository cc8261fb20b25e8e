using System.Net.Mime;
using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Sending;
using Messaging.Kafka.Wire;

namespace Messaging.Kafka.Receiving;

/// <summary>A record as MassTransit's receive context.</summary>
internal sealed class KafkaReceiveContext : BaseReceiveContext, KafkaConsumeRecord, ICancelable
{
    private readonly RecordFormat _format;
    private readonly RecordHeaderProvider _headers;

    public KafkaReceiveContext(Delivery delivery, ReceiveEndpointContext endpoint, Uri topicAddress, RecordFormat format)
        : base(RecordHeaderProvider.IsRedelivery(delivery), endpoint)
    {
        Delivery = delivery;
        InputAddress = topicAddress;
        _format = format;
        _headers = new RecordHeaderProvider(delivery.Result, format.Headers);
        Body = new RecordBody(delivery.Result);
    }

    public Delivery Delivery { get; }

    public override MessageBody Body { get; }

    public string Topic => Delivery.Result.Topic;

    public int Partition => Delivery.Result.Partition.Value;

    public long Offset => Delivery.Result.Offset.Value;

    public DateTimeOffset Timestamp => RecordNumbers.Time(Delivery.Result.Message.Timestamp);

    public byte[]? Key => Delivery.Result.Message.Key;

    public byte[]? Value => Delivery.Result.Message.Value;

    public IReadOnlyList<KafkaHeader> RecordHeaders => _headers.All;

    public int Pauses => Delivery.Pauses;

    public CancellationToken Draining => Delivery.Assignment.Draining;

    /// <inheritdoc cref="RecordDispatcher.LendPlace"/>
    public IDisposable? LendPlace() => Delivery.Lane?.LendPlace();

    protected override IHeaderProvider HeaderProvider => _headers;

    protected override ContentType GetContentType() => _format.ContentType ?? (_headers.SaysPlainJson ? PlainJsonSerializer.Instance.ContentType : base.GetContentType());
}
