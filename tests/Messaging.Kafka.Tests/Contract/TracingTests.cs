using System.Collections.Concurrent;
using System.Diagnostics;
using MassTransit;
using MassTransit.Logging;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>MassTransit's activities over Kafka: one trace from the producer through delay topics to the last consumer.</summary>
[NonParallelizable]
public class TracingTests : ContractTests
{
    [Test]
    public async Task One_trace_goes_from_the_producer_through_redelivery_to_what_the_consumer_sends()
    {
        var stopped = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == DiagnosticHeaders.DefaultListenerName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
            endpoint.Handler<Order>(async context =>
            {
                Seen.Enqueue(Activity.Current?.TraceId.ToString() ?? "none");
                if (context.GetRedeliveryCount() == 0)
                    throw new InvalidOperationException("not yet");
                await context.Send(new Uri($"topic:{Other}"), new Receipt("1"));
            });
        });
        using var request = new Activity("request").Start();
        await host.ProduceAsync("k", new Order("1"));

        var receipt = (await Eventually.Value(() => Kafka.Records.ReadAll(Other), records => records.Count == 1, null, "the receipt is produced")).Single();
        Seen.ShouldBe([request.TraceId.ToString(), request.TraceId.ToString()]);
        ActivityContext.Parse(receipt.Header("traceparent")!, null).TraceId.ShouldBe(request.TraceId);
        ActivityContext.Parse(Kafka.Records.ReadAll(Topic)[0].Header("traceparent")!, null).TraceId.ShouldBe(request.TraceId);

        var send = stopped.First(activity => activity.OperationName == $"{Topic} send");
        send.GetTagItem("messaging.system").ShouldBe("kafka");
        send.GetTagItem("messaging.masstransit.message_types").ShouldBe(MessageUrn.ForTypeString<Order>());
        await Eventually.Until(
            () => stopped.Count(activity => activity.TraceId == request.TraceId && activity.Kind == ActivityKind.Consumer) >= 2, null, "both deliveries have a span");
    }

    [Test]
    public async Task A_foreign_producers_traceparent_is_the_consumers_parent()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == DiagnosticHeaders.DefaultListenerName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        await using var host = await StartAsync((_, endpoint) => endpoint.Handler<Order>(_ =>
        {
            Seen.Enqueue(Activity.Current?.TraceId.ToString() ?? "none");
            return Task.CompletedTask;
        }));
        await Kafka.Records.ProduceAsync(Topic, "k", """{"text":"1"}""", ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));

        await Eventually.Until(() => Seen.SequenceEqual(["0af7651916cd43dd8448eb211c80319c"]), null, "the order is consumed in the producer's trace");
    }
}
