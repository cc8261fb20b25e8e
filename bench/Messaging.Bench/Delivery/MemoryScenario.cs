using System.Diagnostics;
using Messaging.Bench.Running;

namespace Messaging.Bench.Delivery;

/// <summary>The memory of a worker over many mails.</summary>
internal static class MemoryScenario
{
    public const string First = "first_mb";
    public const string Last = "last_mb";

    /// <summary>A tenth of the mails: the first is that in which the process grows to its size.</summary>
    private const int Parts = 10;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>The peaks of the process's resident memory over the first tenth of the mails and over the last.</summary>
    public static async Task<Measurement> MeasureAsync(ScenarioInput input)
    {
        var part = input.Records / Parts;
        var (sent, first, last) = (0, 0.0, 0.0);
        await WorkerScenario.RunAsync(input, input.Topic, DeliveryServers.Instant, null, () => Interlocked.Increment(ref sent), async () =>
        {
            using var process = Process.GetCurrentProcess();
            for (var now = 0; now < input.Records; now = Volatile.Read(ref sent))
            {
                process.Refresh();
                var resident = process.WorkingSet64 / (1024.0 * 1024);
                if (now <= part)
                    first = Math.Max(first, resident);
                else if (now > input.Records - part)
                    last = Math.Max(last, resident);
                await Task.Delay(Interval);
            }
        });
        return new Measurement { [First] = first, [Last] = last };
    }
}
