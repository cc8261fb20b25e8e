using System.Diagnostics;
using Messaging.Bench.Running;

namespace Messaging.Bench.Rider;

/// <summary>The memory of a rider before a backlog that it cannot work off for long.</summary>
internal static class BacklogScenario
{
    public const string FirstMinute = "first_minute_mb";
    public const string Later = "later_mb";

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Watches the process's resident memory for two minutes; both figures are peaks.</summary>
    public static async Task<Measurement> MeasureAsync(ScenarioInput input)
    {
        var slow = Workload.None with { HandleAsync = static context => Task.Delay(20, context.CancellationToken) };
        await using var rider = await ConsumeEndpoint.Build(input, input.Topic, slow, new Stretch(input.Records)).StartAsync();
        using var process = Process.GetCurrentProcess();
        var minute = Minute * input.Scale;
        var peaks = new double[2];
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) is var elapsed && elapsed < minute * 2)
        {
            process.Refresh();
            var half = elapsed < minute ? 0 : 1;
            peaks[half] = Math.Max(peaks[half], process.WorkingSet64 / (1024.0 * 1024));
            await Task.Delay(Interval);
        }

        return new Measurement { [FirstMinute] = peaks[0], [Later] = peaks[1] };
    }
}
