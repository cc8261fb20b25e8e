using System.Text.Json;
using System.Text.RegularExpressions;
using MassTransit;
using Messaging.Kafka.Receiving;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>What a record goes through is what docs/rider.md lists.</summary>
public partial class PipelineListTests : ContractTests
{
    [Test]
    public async Task The_filters_of_an_endpoint_are_those_that_the_manual_lists_in_their_order()
    {
        await using var host = await StartAsync((context, endpoint) =>
        {
            endpoint.PauseOn(pause =>
            {
                pause.When = exception => exception is TimeoutException;
                pause.Probe = (_, _) => Task.CompletedTask;
            });
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Intervals(TimeSpan.FromSeconds(1)));
            endpoint.UseMessageRetry(retry => retry.Immediate(2));
            endpoint.UseInMemoryOutbox(context);
            endpoint.Handler<Order>(Note);
        });
        var handler = ((KafkaRider)host.Rider).Endpoints.Select(endpoint => endpoint.Consumer.Handler).OfType<MassTransitRecordHandler>().Single();
        var probe = JsonSerializer.SerializeToElement(handler.Endpoint.ReceivePipe.GetProbeResult().Results);

        var listed = Line().Matches(List().Match(Checkout.Read("docs/rider.md")).Groups["list"].Value).Select(line => line.Groups["filter"].Value);
        Filters(probe).ShouldBe(listed);
    }

    /// <summary>The types of all filters, from the outside in.</summary>
    private static IEnumerable<string> Filters(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Filters),
        JsonValueKind.Object => element.EnumerateObject()
            .SelectMany(property => property.Name == "filterType" ? [property.Value.GetString()!] : Filters(property.Value)),
        _ => [],
    };

    [GeneratedRegex("```text\n(?<list>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex List();

    [GeneratedRegex("^ *(?<filter>[A-Za-z-]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();
}
