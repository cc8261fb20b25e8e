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
        await using var worker = await RunningWorker.StartAsync("--Retry:RedeliveryIntervals=1s");

        var endpoints = JsonSerializer.SerializeToElement(worker.Rider.GetProbeResult().Results)
            .GetProperty("kafkaEndpoint").EnumerateArray().ToDictionary(endpoint => endpoint.GetProperty("topic").GetString()!, endpoint => Filters(endpoint).ToList());

        var delayed = worker.Topics.Mails + ".delay.1s";
        endpoints.Keys.ShouldBe([worker.Topics.Mails, delayed, worker.Topics.BulkMails, worker.Topics.DeadLetters]);
        endpoints[worker.Topics.BulkMails].ShouldBe(endpoints[worker.Topics.Mails], "the streams have the same ways of failure");
        endpoints[worker.Topics.Mails].ShouldBe(Documented(Topics.EmailSend));
        endpoints[delayed].ShouldBe(Documented("email.send.delay.1s"));
        endpoints[worker.Topics.DeadLetters].ShouldBe(Documented(Topics.EmailSendDeadLetter));
    }

    [Test]
    public async Task Without_intervals_there_is_no_redelivery_and_a_mail_that_fails_for_now_is_dead()
    {
        await using var worker = await RunningWorker.StartAsync("--Retry:RedeliveryIntervals=");

        (await worker.WhenAsync(await worker.PostAsync("fail-451@example.com"), Persistence.Mails.MailState.Dead)).Attempt.ShouldBe(1);
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
