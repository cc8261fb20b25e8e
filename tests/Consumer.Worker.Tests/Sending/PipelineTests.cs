using System.Text.Json;
using System.Text.RegularExpressions;
using Consumer.Worker.Tests.Hosting;
using Contracts;
using MassTransit;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Sending;

/// <summary>The filters that a record passes, held against the lists in docs/architecture.md.</summary>
internal sealed partial class PipelineTests
{
    [Test]
    public async Task The_filters_of_each_endpoint_are_those_of_the_documentation_in_its_order()
    {
        await using var worker = await RunningWorker.StartAsync();

        var endpoints = JsonSerializer.SerializeToElement(worker.Rider.GetProbeResult().Results)
            .GetProperty("kafkaEndpoint").EnumerateArray().ToDictionary(endpoint => endpoint.GetProperty("topic").GetString()!, endpoint => Filters(endpoint).ToList());

        endpoints.Keys.ShouldBe([worker.Topics.Mails, worker.Topics.Mails + ".delay.1s", worker.Topics.DeadLetters]);
        endpoints[worker.Topics.Mails].ShouldBe(Documented(Topics.EmailSend));
        endpoints[worker.Topics.DeadLetters].ShouldBe(Documented(Topics.EmailSendDeadLetter));
    }

    /// <summary>The types of all filters, outermost first.</summary>
    private static IEnumerable<string> Filters(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => (element.TryGetProperty("filterType", out var type) ? [type.GetString()!] : Array.Empty<string>())
            .Concat(element.EnumerateObject().SelectMany(property => Filters(property.Value))),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Filters),
        _ => [],
    };

    /// <summary>The lines of the block <c>pipeline TOPIC</c>, without their remarks.</summary>
    private static List<string> Documented(string topic)
    {
        var block = Block().Matches(Checkout.Read("docs/architecture.md")).Single(block => block.Groups["topic"].Value == topic);
        return [.. block.Groups["lines"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0])];
    }

    [GeneratedRegex(@"^```pipeline (?<topic>\S+)\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Block();
}
