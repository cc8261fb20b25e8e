using System.Collections.Concurrent;
using MassTransit;
using Messaging.Bench.Running;

namespace Messaging.Bench.Rider;

/// <summary>Mails that are due at a time: how punctual the delay tiers are.</summary>
internal static class DelayScenario
{
    public const string Early = "early";
    public const string Median = "p50_s";
    public const string Percentile99 = "p99_s";

    private static readonly TimeSpan First = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(60);

    /// <summary>Produces mails that are due one after the other over a minute, and looks at when they arrive.</summary>
    public static async Task<Measurement> MeasureAsync(ScenarioInput input)
    {
        var late = new ConcurrentBag<double>();
        var arrive = Workload.None with
        {
            HandleAsync = context =>
            {
                late.Add((DateTimeOffset.UtcNow - DateTimeOffset.FromUnixTimeMilliseconds(context.Message.Due)).TotalSeconds);
                return Task.CompletedTask;
            },
        };
        var stretch = new Stretch(input.Records);
        await using var process = await ConsumeEndpoint.Build(input, input.Topic, arrive, stretch).StartAsync();
        var producer = process.Rider.GetProducer<string, BenchMail>(new Uri($"topic:{input.Topic}"));

        var first = DateTimeOffset.UtcNow + First;
        await Parallel.ForAsync(0, input.Records, new ParallelOptions { MaxDegreeOfParallelism = 500 }, async (number, cancellationToken) =>
        {
            var due = (first + (Span * ((double)number / input.Records))).ToUnixTimeMilliseconds();
            var delayed = Pipe.Execute<KafkaSendContext<string, BenchMail>>(context =>
                context.Delay = DateTimeOffset.FromUnixTimeMilliseconds(due) - DateTimeOffset.UtcNow);
            await producer.Produce(BenchMail.KeyText(number), BenchMail.Of(number, due), delayed, cancellationToken);
        });
        await stretch.Measured;

        var sorted = late.Order().ToList();
        return new Measurement
        {
            [Early] = sorted.Count(seconds => seconds < 0),
            [Median] = sorted[sorted.Count / 2],
            [Percentile99] = sorted[(int)(sorted.Count * 0.99)],
        };
    }
}
