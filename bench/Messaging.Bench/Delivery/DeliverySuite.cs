using Messaging.Bench.Running;
using Microsoft.Extensions.DependencyInjection;
using Persistence.Mails;
using Testing.Mails;

namespace Messaging.Bench.Delivery;

/// <summary>What the delivery is measured by: mails of 400 bytes in 4 partitions, each with a key of its own, to one recipient each.</summary>
internal static class DeliverySuite
{
    private const string Worker = "worker";
    private const string InMemory = "in memory";
    private const string Bare = "bare";
    private const string Bound = "bound";

    public static Suite Create() => new("delivery", DeliveryMail.Record,
    [
        Send("send", "a mail server that answers at once", DeliveryServers.Instant, warmUp: 120_000),
        Send("send-5ms", "a mail server that answers each time after 5 ms", DeliveryServers.Slow, warmUp: 10_000),
        Paced("paced", "with Smtp:Rate", 0.98, [$"--Smtp:Rate={PacedScenario.MailsPerSecond}/s"], new Line("throttled later", new(Worker, PacedScenario.ThrottledLater), "mails", null, Bar.AtMost(0))),
        Paced("learned", "without Smtp:Rate", 0.8, []),
        new Row("streams", $"20,000 bulk mails before a mail server that takes {PacedScenario.MailsPerSecond} a second, and 10 transactional ones meanwhile: how long those take, and what bulk has of the rest")
        {
            Records = 20_000,
            WarmUp = 1,
            Source = RecordSource.Empty,
            Sides = [new(Worker, StreamsScenario.MeasureAsync)],
            Lines =
            [
                new Line("longest", new(Worker, StreamsScenario.Longest), "s", null, Bar.AtMost(2)),
                new Line("bulk", new(Worker, StreamsScenario.Bulk), "1/s", new(Worker, StreamsScenario.Left), Bar.RatioAtLeast(0.9)),
                new Line("dead", new(Worker, PacedScenario.Dead), "mails", null, Bar.AtMost(0)),
            ],
        },
        new Row("memory", "resident memory over the last 20,000 of 200,000 mails, against the first 20,000")
        {
            Records = 200_000,
            WarmUp = 1,
            Source = RecordSource.SharedBacklog,
            Sides = [new(Worker, MemoryScenario.MeasureAsync)],
            Lines = [new Line("growth", new(Worker, MemoryScenario.Last), "MiB", new(Worker, MemoryScenario.First), Bar.RatioAtMost(1.1))],
        },
    ], DeliveryServers.StartAsync);

    /// <summary>Mails in memory. Leases stay in Postgres: they cost a statement every ten seconds, and none of them runs out.</summary>
    private static void InMemoryStore(IServiceCollection services) =>
        services.AddSingleton<IMailStore>(new InMemoryMailStore(worker => worker != Guid.Empty));

    private static Row Paced(string name, string how, double share, string[] options, params Line[] further) => new(
        name, $"4,000 mails, two workers {how}, before a mail server that takes {PacedScenario.MailsPerSecond} a second: what they use of that")
    {
        Records = 4_000,
        WarmUp = 1,
        Source = RecordSource.Empty,
        Sides = [new(Worker, PacedScenario.Over(options))],
        Lines =
        [
            new Line("rate", new(Worker, Measurement.Rate), "1/s", new(Worker, PacedScenario.Limit), Bar.RatioAtLeast(share)),
            .. further,
            new Line("dead", new(Worker, PacedScenario.Dead), "mails", null, Bar.AtMost(0)),
        ],
    };

    private static Row Send(string name, string what, string sink, int warmUp) => new(
        name, $"20,000 mails, {what}: the worker, against MailKit in a loop on as many connections, against its store in memory, and against the bound")
    {
        Records = 20_000,
        WarmUp = warmUp,
        Source = RecordSource.SharedBacklog,
        Sides =
        [
            new(Worker, WorkerScenario.Over(sink)),
            new(InMemory, WorkerScenario.Over(sink, InMemoryStore)),
            new(Bare, BareLoop.Over(sink)),
            new(Bound, BoundLoop.Over(sink)),
        ],
        Lines =
        [
            new Line("rate", new(Worker, Measurement.Rate), "1/s", new(Bare, Measurement.Rate), Bar.RatioAtLeast(0.6)),
            new Line("of the bound", new(Worker, Measurement.Rate), "1/s", new(Bound, Measurement.Rate), Bar.None),
            new Line("bound", new(Bound, Measurement.Rate), "1/s", new(Bare, Measurement.Rate), Bar.None),
            new Line("store", new(Worker, Measurement.Rate), "1/s", new(InMemory, Measurement.Rate), Bar.RatioAtLeast(0.833)),
            new Line("cpu", new(Worker, Measurement.Cpu), "us", new(Bare, Measurement.Cpu), Bar.None),
            new Line("cpu of the database", new(Worker, Measurement.Cpu), "us", new(InMemory, Measurement.Cpu), Bar.None),
            new Line("allocated", new(Worker, Measurement.Allocated), "B", new(InMemory, Measurement.Allocated), Bar.None),
        ],
    };
}
