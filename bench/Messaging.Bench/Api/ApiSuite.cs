using Messaging.Bench.Running;

namespace Messaging.Bench.Api;

/// <summary>What the API is measured by: mails of 400 bytes over loopback, each acknowledged by Kafka before its response.</summary>
internal static class ApiSuite
{
    private const string Api = "api";
    private const string Bare = "bare";

    public static Suite Create() => new("api", number => throw new InvalidOperationException($"Record {number}: no topic of this suite is filled."),
    [
        Post("post", "POST /emails over 64 connections, against a bare Kestrel endpoint that parses the JSON and awaits ProduceAsync", ApiRequests.Post, 64, Bar.RatioAtLeast(0.8), Bar.RatioAtMost(1.3)),
        Post("post-256", "the same over 256 connections", ApiRequests.Post, 256, Bar.RatioAtLeast(0.8), Bar.RatioAtMost(1.3)),
        Post("post-key", "each with an Idempotency-Key of its own, over 64 connections, against the bare endpoint without", ApiRequests.PostWithKey, 64, Bar.RatioAtLeast(0.5), Bar.None),
        Post("batch", "batches of 100 over 64 connections, in mails, against the bare endpoint with a mail each", ApiRequests.Batch, 64, Bar.RatioAtLeast(1.5), Bar.None),
        new Row("memory", "resident memory of the API over the last 100,000 of 1,000,000 posts, against the first 100,000")
        {
            Records = 1_000_000,
            WarmUp = 20_000,
            Source = RecordSource.Empty,
            Sides = [new(Api, ApiScenario.Memory)],
            Lines = [new Line("growth", new(Api, ApiScenario.Last), "MiB", new(Api, ApiScenario.First), Bar.RatioAtMost(1.1))],
        },
    ], ApiServers.StartAsync);

    private static Row Post(string name, string what, ApiRequests requests, int connections, Bar rate, Bar latency) => new(name, what)
    {
        Records = 200_000,
        // Until the last of the service's code is compiled permanently, by a thread that a measured server would share its cores with.
        WarmUp = 300_000,
        Source = RecordSource.Empty,
        Sides =
        [
            new(Api, ApiScenario.Over(ServerProcess.Api, requests, connections)),
            new(Bare, ApiScenario.Over(ServerProcess.Bare, ApiRequests.Post, connections)),
        ],
        Lines =
        [
            new Line("rate", new(Api, Measurement.Rate), "1/s", new(Bare, Measurement.Rate), rate),
            new Line("p50", new(Api, ApiScenario.Median), "ms", new(Bare, ApiScenario.Median), latency),
            new Line("p99", new(Api, ApiScenario.Percentile99), "ms", new(Bare, ApiScenario.Percentile99), Bar.None),
            new Line("cpu", new(Api, Measurement.Cpu), "us", new(Bare, Measurement.Cpu), Bar.None),
        ],
    };
}
