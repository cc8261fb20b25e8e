using System.Text.Json;
using MassTransit;
using Messaging.Kafka.Receiving;
using NUnit.Framework;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>The pipeline that docs/rider.md lists is the one that a record goes through.</summary>
public class PipelineListTests : ContractTests
{
    [Test]
    public async Task The_pipeline_of_an_endpoint_is_the_one_that_the_manual_lists()
    {
        await using var host = await StartAsync(
            (context, endpoint) =>
            {
                endpoint.PauseOn(pause =>
                {
                    pause.When = exception => exception is TimeoutException;
                    pause.Probe = (_, _) => Task.CompletedTask;
                });
                endpoint.UseDelayedRedelivery(redelivery => redelivery.Intervals(TimeSpan.FromSeconds(1)));
                endpoint.UseMessageRetry(retry => retry.Immediate(2));
                endpoint.UseInMemoryOutbox(context);
                endpoint.Handler<Order>(_ => Task.CompletedTask);
            });
        var handler = ((KafkaRider)host.Rider).Endpoints.Select(endpoint => endpoint.Consumer.Handler).OfType<MassTransitRecordHandler>().Single();
        var probe = JsonSerializer.SerializeToElement(handler.Endpoint.ReceivePipe.GetProbeResult().Results);
        File.WriteAllText("/tmp/probe.json", probe.ToString());
    }
}
