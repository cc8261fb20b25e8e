using Messaging.Bench.Running;

namespace Messaging.Bench.Rider;

/// <summary>What the rider is measured by: 4 partitions, 500 keys, records of 300 bytes.</summary>
internal static class RiderSuite
{
    private const string Rider = "rider";
    private const string Pipe = "pipe";
    private const string Bare = "bare";
    private const string Without = "without";
    private const string ByPartitions = "by-partition";

    public static Suite Create() => new("rider", BenchMail.Record,
    [
        Consume(200_000),
        Consume(1_000_000),
        new Row("delay-5ms", "20,000 records with Task.Delay(5), against a bare loop with a semaphore of 100 and no order")
        {
            Records = 20_000,
            WarmUp = 60_000,
            Source = RecordSource.SharedBacklog,
            Sides = [new(Rider, ConsumeScenarios.Rider(Workload.Delay)), new(Bare, ConsumeScenarios.BareWithSemaphore)],
            Lines = [Rate(Bare, Bar.RatioAtLeast(0.95))],
        },
        new Row("few-keys", "400,000 records of 20 keys a partition with a tenth of a millisecond of work, against the shape of MassTransit's own rider: partitions one record at a time, commits by count; neither retries")
        {
            Records = 400_000,
            WarmUp = 400_000,
            Source = RecordSource.SharedBacklog,
            Record = BenchMail.RecordOfFewKeys,
            Sides = [new(Rider, ConsumeScenarios.Rider(Workload.TenthOfMillisecond)), new(ByPartitions, ByPartition.Consume(ShortWait.Start))],
            Lines = [Rate(ByPartitions, Bar.RatioAtLeast(2.5)), new Line("cpu", new(Rider, Measurement.Cpu), "us", new(ByPartitions, Measurement.Cpu), Bar.None)],
        },
        new Row("slow-key", "the same with one key that takes 1 s a record: the other keys, against the same without it")
        {
            Records = 20_000,
            WarmUp = 60_000,
            Source = RecordSource.SharedBacklog,
            Sides = [new(Rider, ConsumeScenarios.Rider(Workload.OneSlowKey)), new(Without, ConsumeScenarios.Rider(Workload.NoSlowKey))],
            Lines = [Rate(Without, Bar.RatioAtLeast(0.9))],
        },
        new Row("redelivery", "the same with a tenth going to redelivery: the healthy ones, against none failing")
        {
            Records = 20_000,
            // What runs for a record in ten alone is compiled permanently only after so many.
            WarmUp = 200_000,
            Source = RecordSource.OwnBacklog,
            Sides = [new(Rider, ConsumeScenarios.Rider(Workload.OneInTenFails)), new(Without, ConsumeScenarios.Rider(Workload.NoneFails))],
            Lines = [Rate(Without, Bar.RatioAtLeast(0.9))],
        },
        new Row("produce", "200,000 records, each acknowledgement awaited, 1,000 in flight, against ProduceAsync of Kafka's client")
        {
            Records = 200_000,
            WarmUp = 400_000,
            Source = RecordSource.Empty,
            Sides = [new(Rider, ProduceScenarios.Rider), new(Bare, ProduceScenarios.Bare)],
            Lines =
            [
                Rate(Bare, Bar.RatioAtLeast(0.6)),
                new Line("allocated", new(Rider, Measurement.Allocated), "B", new(Bare, Measurement.Allocated), Bar.AtMost(4_096)),
                new Line("cpu", new(Rider, Measurement.Cpu), "us", new(Bare, Measurement.Cpu), Bar.None),
            ],
        },
        new Row("backlog-memory", "resident memory before a backlog of 1,000,000 with a slow consumer, against its first minute")
        {
            Records = 1_000_000,
            WarmUp = 1,
            Source = RecordSource.SharedBacklog,
            Sides = [new(Rider, BacklogScenario.MeasureAsync)],
            Lines =
            [
                new Line("growth", new(Rider, BacklogScenario.Later), "MiB", new(Rider, BacklogScenario.FirstMinute), Bar.RatioAtMost(1.1)),
                new Line("resident", new(Rider, BacklogScenario.Later), "MiB", null, Bar.AtMost(300)),
            ],
        },
        new Row("delayed", "10,000 delayed records due over 60 s, against their due times")
        {
            Records = 10_000,
            WarmUp = 1,
            Source = RecordSource.Empty,
            Sides = [new(Rider, DelayScenario.MeasureAsync)],
            Lines =
            [
                new Line("early", new(Rider, DelayScenario.Early), "count", null, Bar.AtMost(0)),
                new Line("late p50", new(Rider, DelayScenario.Median), "s", null, Bar.AtMost(0.5)),
                new Line("late p99", new(Rider, DelayScenario.Percentile99), "s", null, Bar.AtMost(1)),
            ],
        },
    ]);

    private static Row Consume(int records) => new($"consume-{records}", "a consumer that does nothing, against the same bytes in the same pipe without Kafka")
    {
        Records = records,
        WarmUp = 400_000,
        Source = RecordSource.SharedBacklog,
        Sides =
        [
            new(Rider, ConsumeScenarios.Rider(Workload.None)),
            new(Pipe, ConsumeScenarios.Pipe(Workload.None)),
            new(Bare, ConsumeScenarios.Bare),
        ],
        Lines =
        [
            new Line("cpu", new(Rider, Measurement.Cpu), "us", new(Pipe, Measurement.Cpu), Bar.RatioAtMost(1.6)),
            new Line("allocated", new(Rider, Measurement.Allocated), "B", new(Pipe, Measurement.Allocated), Bar.AtMostOverPeer(1_024)),
            new Line("rate", new(Rider, Measurement.Rate), "1/s", new(Pipe, Measurement.Rate), Bar.RatioAtLeast(0.5)),
            new Line("cpu beside bare", new(Rider, Measurement.Cpu), "us", new(Bare, Measurement.Cpu), Bar.None),
            new Line("allocated beside bare", new(Rider, Measurement.Allocated), "B", new(Bare, Measurement.Allocated), Bar.None),
            new Line("rate beside bare", new(Rider, Measurement.Rate), "1/s", new(Bare, Measurement.Rate), Bar.None),
        ],
    };

    private static Line Rate(string peer, Bar bar) => new("rate", new(Rider, Measurement.Rate), "1/s", new(peer, Measurement.Rate), bar);
}
