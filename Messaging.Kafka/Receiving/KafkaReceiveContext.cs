using System.Net.Mime;
using MassTransit;
using MassTransit.Transports;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Sending;
using Messaging.Kafka.Wire;

namespace Messaging.Kafka.Receiving;

/// <summary>A record as MassTransit's receive context.</summary>
internal class KafkaReceiveContext : BaseReceiveContext, KafkaConsumeRecord, KafkaConsumeContext, ITransportSequenceNumber, ICancelable
{
    private readonly RecordFormat _format;
    private readonly RecordHeaderProvider _headers;

    public KafkaReceiveContext(Delivery delivery, ReceiveEndpointContext endpoint, Uri topicAddress, string group, RecordFormat format, DelayTiers? tiers)
        : base(RecordHeaderProvider.IsRedelivery(delivery), endpoint)
    {
        Delivery = delivery;
        Tiers = tiers;
        GroupId = group;
        InputAddress = topicAddress;
        _format = format;
        _headers = new RecordHeaderProvider(delivery.Result, format.Headers);
        Body = new RecordBody(delivery.Result);
    }

    public Delivery Delivery { get; }

    /// <summary>The delay topics of the endpoint that has read the record, where it has some.</summary>
    public DelayTiers? Tiers { get; }

    public override MessageBody Body { get; }

    public string GroupId { get; }

    public string Topic => Delivery.Result.Topic;

    public int Partition => Delivery.Result.Partition.Value;

    public long Offset => Delivery.Result.Offset.Value;

    /// <summary>By which MassTransit sorts a batch.</summary>
    public ulong? SequenceNumber => (ulong)Offset;

    public bool IsPartitionEof => false;

    public DateTime CheckpointUtcDateTime => Timestamp.UtcDateTime;

    public DateTimeOffset Timestamp => RecordNumbers.Time(Delivery.Result.Message.Timestamp);

    public byte[]? Key => Delivery.Result.Message.Key;

    public byte[]? Value => Delivery.Result.Message.Value;

    public IReadOnlyList<KafkaHeader> RecordHeaders => _headers.All;

    public int Pauses => Delivery.Pauses;

    public CancellationToken Draining => Delivery.Assignment.Draining;

    /// <summary>A batch tells the same to all that have come into it; one that has begun without the record says nothing about it.</summary>
    public override Task NotifyConsumed<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType) =>
        IsLeftOut ? Task.CompletedTask : base.NotifyConsumed(context, duration, consumerType);

    /// <inheritdoc cref="NotifyConsumed{T}"/>
    public override Task NotifyFaulted<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception) =>
        IsLeftOut ? Task.CompletedTask : base.NotifyFaulted(context, duration, consumerType, exception);

    /// <inheritdoc cref="RecordDispatcher.LendPlace"/>
    public IDisposable? LendPlace() => Delivery.Lane?.LendPlace();

    /// <inheritdoc cref="Batches.BatchTurn.BeforeIsSettled"/>
    public Task BeforeIsSettled(CancellationToken cancellationToken) => Delivery.Turn?.BeforeIsSettled(cancellationToken) ?? Task.CompletedTask;

    protected override IHeaderProvider HeaderProvider => _headers;

    private bool IsLeftOut => Delivery.Turn is { IsLeftOut: true };

    protected override ContentType GetContentType() => _format.ContentType ?? (_headers.SaysPlainJson ? PlainJsonSerializer.Instance.ContentType : base.GetContentType());
}

/// <inheritdoc/>
/// <typeparam name="TKey">The key type of the endpoint.</typeparam>
internal sealed class KafkaReceiveContext<TKey>(
    Delivery delivery, ReceiveEndpointContext endpoint, Uri topicAddress, string group, RecordFormat format, DelayTiers? tiers)
    : KafkaReceiveContext(delivery, endpoint, topicAddress, group, format, tiers), KafkaConsumeContext<TKey>
{
    TKey? KafkaConsumeContext<TKey>.Key => KafkaConsumeContextExtensions.ReadKey<TKey>(this, this);
}
