using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using MassTransit;
using MassTransit.KafkaIntegration.Serializers;
using MassTransit.Logging;
using MassTransit.Transports;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Wire;

namespace Messaging.Kafka.Sending;

/// <summary>
/// The last step of every send: observers and activity around it, then the record, to its topic or, where it is delayed, to the tier
/// of delay topics that fits.
/// </summary>
internal sealed class TopicWriter(
    KafkaProducer producer, OnwardProducer onward, TopicSendContext transport, SendNotices observers, Func<DelayTiers?> tiers, IHeadersSerializer? headersSerializer,
    TimeProvider timeProvider, KafkaRiderMetrics metrics)
{
    /// <summary>The topic written to.</summary>
    public string Topic => transport.EntityName;

    /// <summary>What MassTransit wants to know of the topic.</summary>
    public TopicSendContext Transport => transport;

    /// <summary>Sends a message whose context is complete.</summary>
    public async Task Send<T>(SendContext<T> context, IRecordSource record)
        where T : class
    {
        context.ConversationId ??= NewId.NextGuid();
        var log = LogContext.Current ?? transport.LogContext;
        var activity = log?.StartSendActivity(transport, context);
        var instrument = log?.StartSendInstrument(transport, context);
        // Set where somebody will use it alone: it costs each message a context of execution of its own.
        if (observers.Any || log?.Debug is not null)
            LogContext.SetCurrentIfNull(log);
        try
        {
            if (observers.Any)
                await observers.PreSend(context);

            if (Redelivery.Of(context, Topic) is { } redelivery)
            {
                await Delay(redelivery, context.Delay ?? TimeSpan.Zero, context.CancellationToken);
            }
            else
            {
                var (target, message) = await Compose(context, record);
                await producer.Produce(target, message, context.CancellationToken);
            }

            activity?.Update(context);
            context.LogSent();
            if (observers.Any)
                await observers.PostSend(context);
        }
        catch (Exception exception)
        {
            LogContext.SetCurrentIfNull(log);
            context.LogFaulted(exception);
            if (observers.Any)
                await observers.SendFault(context, exception);

            activity?.AddExceptionEvent(exception);
            instrument?.AddException(exception);
            throw;
        }
        finally
        {
            activity?.Stop();
            instrument?.Stop();
        }
    }

    /// <summary>Writes a record as it is, to be at the topic when it is due, until it is acknowledged.</summary>
    public async Task WriteAt(DateTimeOffset due, byte[]? key, byte[]? value, IReadOnlyList<KafkaHeader> headers, CancellationToken cancellationToken)
    {
        var all = headers.Where(header => !DelayHeaders.IsOne(header.Name)).ToList();
        var target = Topic;
        if (due - timeProvider.GetUtcNow() is var delay && delay > TimeSpan.Zero)
        {
            target = Tiers.Choose(delay).Topic;
            // Rounded up: what is cut off would be early.
            var milliseconds = Math.Ceiling((due - DateTimeOffset.UnixEpoch).TotalMilliseconds);
            foreach (var (name, text) in Tiers.HeadersUntil(milliseconds.ToString("F0", CultureInfo.InvariantCulture)))
                all.Set(name, text);
        }

        await onward.Produce(target, key, value, all, cancellationToken);
    }

    /// <summary>The record of a message, and where it goes.</summary>
    private async ValueTask<(TopicPartition Target, Message<byte[]?, byte[]?> Message)> Compose<T>(SendContext<T> context, IRecordSource record)
        where T : class
    {
        // The body before the headers: serializers may set some.
        var value = record.HasValueSerializer ? null : record.Body.GetBytes();
        var headers = headersSerializer is null ? KafkaHeaders.From(context) : headersSerializer.Serialize(context);
        if (Activity.Current?.Id is { } trace)
            headers.Set(KafkaHeaders.TraceParent, trace);

        var target = new TopicPartition(Topic, record.Partition);
        var message = new Message<byte[]?, byte[]?>();
        if (context.Delay is { } delay && delay > TimeSpan.Zero)
        {
            foreach (var (name, text) in Tiers.HeadersUntil(DueIn(delay)))
                headers.Set(name, text);
            target = new TopicPartition(Tiers.Choose(delay).Topic, Partition.Any);
        }
        else if (context.SentTime is { } sent)
        {
            message.Timestamp = new Timestamp(sent);
        }

        message.Headers = headers;
        message.Key = await record.SerializeKey(Topic, headers);
        message.Value = record.HasValueSerializer ? await record.SerializeValue(Topic, headers) : value;
        return (target, message);
    }

    /// <summary>
    /// A redelivery is written until it is acknowledged: an error that surfaced here would take a message that should have been
    /// delayed to the dead-letter topic. Only one that is larger than the delay topic takes goes there.
    /// </summary>
    private async Task Delay(Redelivery redelivery, TimeSpan delay, CancellationToken cancellationToken)
    {
        // Those of the endpoint that has read it: another of the same topic may have others.
        var own = redelivery.Record.Tiers ?? Tiers;
        var tier = own.Choose(delay);
        using var place = redelivery.Record.LendPlace();
        await redelivery.Record.BeforeIsSettled(cancellationToken);
        await onward.Produce(tier.Topic, redelivery.Record.Key, redelivery.Record.Value, redelivery.HeadersUntil(own, DueIn(delay)), cancellationToken);
        metrics.Redelivered(Topic, tier.Topic);
    }

    private DelayTiers Tiers => tiers() ?? throw new ConfigurationException(
        $"A message for topic {Topic} asks for a delay, but the topic has no delay topics: configure DelayTiers on an endpoint of that topic in this process.");

    private string DueIn(TimeSpan delay) => (timeProvider.GetUtcNow() + delay).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
}
