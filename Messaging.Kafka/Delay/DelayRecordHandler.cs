using System.Collections.Concurrent;
using System.Globalization;
using MassTransit;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Sending;
using Messaging.Kafka.Wire;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Delay;

/// <summary>
/// Brings delayed records back: each waits in its tier until its time there is over, and goes on to the next tier or to its topic. What
/// is more than a second away waits in Kafka with its partition paused behind it; only the last second waits in memory, and the time in
/// the shortest tier. Its offset
/// moves when the forward is acknowledged; what is too large to be forwarded is a dead letter.
/// </summary>
/// <param name="tiers">The tiers.</param>
/// <param name="isUser">Whether records of a topic wait in these tiers beside those of the topic that they are named after.</param>
/// <param name="producer">Writes them on.</param>
/// <param name="deadLetters">Takes what is too large for that.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class DelayRecordHandler(
    DelayTiers tiers, Func<string, bool> isUser, OnwardProducer producer, DeadLetterWriter deadLetters, TimeProvider timeProvider, ILogger logger) : IRecordHandler
{
    /// <summary>How far ahead records are read into memory.</summary>
    public static readonly TimeSpan LookAhead = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, DelayTier> _tiers = tiers.All.ToDictionary(tier => tier.Topic);

    private readonly string _shortest = tiers.All[^1].Topic;

    private readonly ConcurrentDictionary<string, byte> _told = [];

    /// <inheritdoc/>
    public int? OrderingKey(Delivery delivery) => null;

    /// <inheritdoc/>
    public DateTimeOffset? NotBefore(Delivery delivery)
    {
        delivery.ReadAt = timeProvider.GetUtcNow();
        if (OtherGroup(delivery) is not null)
            return null;
        // The shortest tier also takes what is due before its time there ends, behind records that are not: it is read ahead, as far as
        // memory allows, so that nothing in it is late by the tier.
        return delivery.Result.Topic == _shortest ? null : Plan(delivery).Release - LookAhead;
    }

    /// <inheritdoc/>
    public async Task Handle(Delivery delivery)
    {
        if (OtherGroup(delivery) is { } other)
        {
            // Whoever has renamed a group, and looks for what waited under the old name, finds it told here.
            if (_told.TryAdd(other, 0))
                logger.LogInformation("Records in the delay topics of {Topic} that name the delay group {Other} are left to that group; this is {Group}", tiers.Topic, other, tiers.DelayGroup);
            return;
        }

        var (release, due) = Plan(delivery);
        await WaitUntil(release, delivery.Assignment.Draining);

        // What is left is a tier's worth, or less than the shortest: that is waited for here, as no tier is short enough.
        var next = tiers.ChooseNext(due - timeProvider.GetUtcNow());
        if (next is null)
            await WaitUntil(due, delivery.Assignment.Draining);

        // A forward that has begun is waited for when the partition is taken away: given up, it would be written all the same, and again.
        using var canceled = new HandlerCancellation();
        delivery.CancelBy(canceled);
        try
        {
            await Forward(delivery, next?.Topic, canceled.Token);
        }
        finally
        {
            delivery.CancelBy(null);
        }
    }

    /// <summary>Writes a record to its next tier; null: back to its topic.</summary>
    private async Task Forward(Delivery delivery, string? tier, CancellationToken cancellationToken)
    {
        var result = delivery.Result;
        var headers = KafkaHeaders.FromClient(result.Message.Headers);
        headers.Set(DelayHeaders.Origin, string.Create(CultureInfo.InvariantCulture, $"{result.Topic}/{result.Partition.Value}/{result.Offset.Value}"));
        if (tier is null)
        {
            headers.Remove(DelayHeaders.Due);
            headers.Remove(DelayHeaders.Topic);
            headers.Remove(DelayHeaders.Group);
        }

        try
        {
            await producer.Produce(tier ?? Home(result.Message.Headers), result.Message.Key, result.Message.Value, headers, cancellationToken);
        }
        catch (KafkaRecordTooLargeException exception)
        {
            await deadLetters.Write(
                KafkaRecord.From(result), messageId: null, "fault",
                [new(MessageHeaders.FaultExceptionType, nameof(KafkaRecordTooLargeException)), new(MessageHeaders.FaultMessage, exception.Message)], cancellationToken);
        }
    }

    /// <summary>The topic that a record goes back to: no other than those that use these tiers, whatever its header says.</summary>
    private string Home(Confluent.Kafka.Headers? headers) =>
        KafkaHeaders.FindText(headers, DelayHeaders.Topic) is { } named && isUser(named) ? named : tiers.Topic;

    /// <summary>The group that brings a record back, where it is another one; null: this one does.</summary>
    private string? OtherGroup(Delivery delivery) =>
        tiers.Endpoint is not null && KafkaHeaders.FindText(delivery.Result.Message.Headers, DelayHeaders.Group) is { } group && group != tiers.DelayGroup ? group : null;

    private DelayPlan Plan(Delivery delivery) => DelayPlan.Of(
        delivery.Result.Message.Timestamp, KafkaHeaders.FindText(delivery.Result.Message.Headers, DelayHeaders.Due), delivery.ReadAt, _tiers[delivery.Result.Topic].Delay);

    private async Task WaitUntil(DateTimeOffset moment, CancellationToken cancellationToken)
    {
        // A timer may fire a little early by the clock's measure, and early is not allowed.
        while (moment - timeProvider.GetUtcNow() is var left && left > TimeSpan.Zero)
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling(left.TotalMilliseconds), int.MaxValue)), timeProvider, cancellationToken);
    }
}
