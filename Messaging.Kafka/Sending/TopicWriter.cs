using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using MassTransit;
using MassTransit.Logging;
using MassTransit.Transports;
using Messaging.Kafka.Delay;

namespace Messaging.Kafka.Sending;

/// <summary>
/// The last step of every send: observers and activity around it, then the record, to its topic or, where it is delayed, to the tier
/// of delay topics that fits.
/// </summary>
internal sealed class TopicWriter(KafkaProducer producer, TopicSendContext transport, DelayTiers? tiers, HandOverHealthReport report, TimeProvider time, KafkaRiderMetrics metrics)
{
    /// <summary>The topic written to.</summary>
    public string Topic => transport.EntityName;

    /// <summary>What MassTransit wants to know of the topic.</summary>
    public TopicSendContext Transport => transport;

    /// <summary>Sends a message whose context is complete.</summary>
    public async Task Send<T>(SendContext<T> context, Func<byte[]?> key, Func<byte[]> value, Partition partition)
        where T : class
    {
        context.ConversationId ??= NewId.NextGuid();
        var activity = LogContext.Current?.StartSendActivity(transport, context);
        var instrument = LogContext.Current?.StartSendInstrument(transport, context);
        try
        {
            if (transport.SendObservers.Count > 0)
                await transport.SendObservers.PreSend(context);

            if (Redelivery.Of(context, Topic) is { } redelivery)
                await Delay(redelivery, context.Delay ?? TimeSpan.Zero, context.CancellationToken);
            else
                await Write(context, key, value, partition);

            activity?.Update(context);
            context.LogSent();
            if (transport.SendObservers.Count > 0)
                await transport.SendObservers.PostSend(context);
        }
        catch (Exception e)
        {
            context.LogFaulted(e);
            if (transport.SendObservers.Count > 0)
                await transport.SendObservers.SendFault(context, e);
            activity?.AddExceptionEvent(e);
            instrument?.AddException(e);
            throw;
        }
        finally
        {
            activity?.Stop();
            instrument?.Stop();
        }
    }

    private async Task Write<T>(SendContext<T> context, Func<byte[]?> key, Func<byte[]> value, Partition partition)
        where T : class
    {
        // The body before the headers: serializers may set some.
        var message = new Message<byte[]?, byte[]?> { Key = key(), Value = value() };
        var headers = KafkaHeaders.From(context);
        if (Activity.Current?.Id is { } trace)
            headers.Set(KafkaHeaders.TraceParent, trace);

        if (context.Delay is { } delay && delay > TimeSpan.Zero)
        {
            var (tier, due) = Tier(delay);
            headers.Set(DelayHeaders.Due, due);
            message.Headers = headers.ToClient();
            await producer.Produce(new TopicPartition(tier.Topic, Partition.Any), message, context.CancellationToken);
            return;
        }

        message.Headers = headers.ToClient();
        if (context.SentTime is { } sent)
            message.Timestamp = new Timestamp(sent);
        await producer.Produce(new TopicPartition(Topic, partition), message, context.CancellationToken);
    }

    /// <summary>
    /// A redelivery is written until it is acknowledged: an error that surfaced here would take a message that should have been
    /// delayed to the dead-letter topic.
    /// </summary>
    private async Task Delay(Redelivery redelivery, TimeSpan delay, CancellationToken cancellationToken)
    {
        var (tier, due) = Tier(delay);
        var message = redelivery.ToMessage(due);
        await producer.ProduceUntilAcknowledged(
            new TopicPartition(tier.Topic, Partition.Any), message, error => report(tier.Topic, error), cancellationToken);
        metrics.Redelivered(Topic, tier.Topic);
    }

    private (DelayTier Tier, string Due) Tier(TimeSpan delay)
    {
        if (tiers is null)
        {
            throw new ConfigurationException(
                $"A message for topic {Topic} asks for a delay, but the topic has no delay topics: configure DelayTiers on an endpoint of that topic in this process.");
        }

        var due = time.GetUtcNow() + delay;
        return (tiers.Choose(delay), due.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
    }
}

/// <summary>Told of a hand-over that fails (with the error) or goes well again (with null).</summary>
internal delegate void HandOverHealthReport(string topic, KafkaProduceException? error);
