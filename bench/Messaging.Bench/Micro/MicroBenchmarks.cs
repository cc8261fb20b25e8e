using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Confluent.Kafka;
using MassTransit;
using Messaging.Bench.Rider;
using Messaging.Kafka.Delay;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Wire;

namespace Messaging.Bench.Micro;

/// <summary>The small pure parts, by BenchmarkDotNet.</summary>
internal static class MicroBenchmarks
{
    public static int Run(string[] args)
    {
        // In this process: the parts are internal, and the project that BenchmarkDotNet would build could not see them.
        var config = ManualConfig.Create(DefaultConfig.Instance).AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
        return BenchmarkSwitcher.FromAssembly(typeof(MicroBenchmarks).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, config).Any() ? 0 : 2;
    }
}

/// <summary>10,000 records admitted and ended out of order.</summary>
[MemoryDiagnoser]
public class PartitionOffsetsBenchmark
{
    private const int Records = 10_000;
    private const int Window = 100;

    [Benchmark(OperationsPerInvoke = Records)]
    public long? Admit_and_end_out_of_order()
    {
        var offsets = new PartitionOffsets();
        for (var i = 0; i < Records; i += Window)
        {
            for (var j = 0; j < Window; j++)
                offsets.Admit(i + j);
            for (var j = Window - 1; j >= 0; j--)
                offsets.Complete(i + j);
        }

        return offsets.Watermark;
    }
}

/// <summary>10,000 records of 500 keys through the scheduler, 100 at once.</summary>
[MemoryDiagnoser]
public class KeySchedulerBenchmark
{
    private const int Records = 10_000;
    private readonly Queue<int?> _running = new();

    [Params(1, 500)]
    public int Keys { get; set; }

    [Benchmark(OperationsPerInvoke = Records)]
    public int Add_take_and_complete()
    {
        var scheduler = new KeyScheduler<int>();
        var taken = 0;
        for (var i = 0; i < Records; i++)
        {
            scheduler.Add(i % Keys, i);
            if (_running.Count == 100)
                scheduler.Done(_running.Dequeue());
            if (!scheduler.TryTake(out var key, out _))
                continue;
            taken++;
            _running.Enqueue(key);
        }

        _running.Clear();
        return taken;
    }
}

/// <summary>The choice of a delay's first tier among ten.</summary>
[MemoryDiagnoser]
public class DelayTiersBenchmark
{
    private readonly DelayTiers _tiers = new("email.send", ".delay.", [.. new[] { 1, 2, 4, 8, 30, 120, 600, 3_600, 21_600, 86_400 }.Select(seconds => TimeSpan.FromSeconds(seconds))]);

    [Params(1, 100_000)]
    public int Seconds { get; set; }

    [Benchmark]
    public string Choose() => _tiers.Choose(TimeSpan.FromSeconds(Seconds)).Topic;
}

/// <summary>The headers of a dead letter.</summary>
[MemoryDiagnoser]
public class FaultHeadersBenchmark
{
    private readonly IReadOnlyList<KafkaHeader> _original = [.. BenchMail.Record(0).Headers.Select(header => new KafkaHeader(header.Key, header.Value))];

    private readonly KeyValuePair<string, string>[] _fault =
    [
        new(MessageHeaders.FaultExceptionType, "System.TimeoutException"),
        new(MessageHeaders.FaultMessage, "The server did not answer within 30 s."),
        new(MessageHeaders.FaultStackTrace, new string('x', 20_000)),
    ];

    [Benchmark]
    public int Compose() =>
        FaultHeaders.Compose(_original, Guid.Empty, "fault", _fault, new RecordOrigin("email.send", 0, 1, 2, "email-send-group")).Count;
}

/// <summary>Headers from the client's type to MassTransit's, and back.</summary>
[MemoryDiagnoser]
public class HeaderMappingBenchmark
{
    private readonly List<KafkaHeader> _headers = [.. BenchMail.Record(0).Headers.Select(header => new KafkaHeader(header.Key, header.Value))];
    private readonly ConsumeResult<byte[]?, byte[]?> _result;

    public HeaderMappingBenchmark() => _result = new ConsumeResult<byte[]?, byte[]?>
    {
        Topic = "email.send",
        Message = new Message<byte[]?, byte[]?> { Headers = _headers.ToClient(), Timestamp = new Timestamp(0, TimestampType.CreateTime) },
    };

    [Benchmark]
    public bool Read_three_headers()
    {
        var headers = new RecordHeaderProvider(_result, deserializer: null);
        return headers.TryGetHeader(MessageHeaders.MessageId, out _) & headers.TryGetHeader(MessageHeaders.ContentType, out _) & headers.TryGetHeader("absent", out _);
    }

    [Benchmark]
    public int Write() => _headers.ToClient().Count;
}
