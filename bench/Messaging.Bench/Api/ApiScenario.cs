using System.Diagnostics;
using Messaging.Bench.Running;

namespace Messaging.Bench.Api;

/// <summary>A server under load: this process is the client, the server is another.</summary>
internal static class ApiScenario
{
    public const string Median = "p50_ms";
    public const string Percentile99 = "p99_ms";
    public const string First = "first_mb";
    public const string Last = "last_mb";

    private const int MemoryConnections = 64;
    private const int Parts = 10;

    /// <summary>Sends the row's mails, in requests of one or many, after the warm-up to the same server. CPU time is the server's.</summary>
    public static Func<ScenarioInput, Task<Measurement>> Over(string kind, ApiRequests requests, int connections) => async input =>
    {
        await using var server = await ServerProcess.StartAsync(kind, input);
        await new HttpLoad(server.Port, connections, requests).RunAsync(Math.Max(connections, input.WarmUp / requests.Mails));
        var count = Math.Max(connections, input.Records / requests.Mails);
        GC.Collect();
        var (cpu, began) = (server.Cpu, Stopwatch.GetTimestamp());
        var times = await new HttpLoad(server.Port, connections, requests).RunAsync(count);
        var elapsed = Stopwatch.GetElapsedTime(began);
        double mails = (double)count * requests.Mails;
        return new Measurement
        {
            [Measurement.Rate] = mails / elapsed.TotalSeconds,
            [Measurement.Cpu] = (server.Cpu - cpu).TotalMicroseconds / mails,
            [Median] = Milliseconds(times[count / 2]),
            [Percentile99] = Milliseconds(times[count * 99 / 100]),
        };
    };

    /// <summary>The peaks of the API's resident memory over the first tenth of the posts and over the last.</summary>
    public static async Task<Measurement> Memory(ScenarioInput input)
    {
        await using var server = await ServerProcess.StartAsync(ServerProcess.Api, input);
        await new HttpLoad(server.Port, MemoryConnections, ApiRequests.Post).RunAsync(Math.Max(MemoryConnections, input.WarmUp));
        var (part, answered, first, last) = (input.Records / Parts, 0, 0.0, 0.0);
        var load = new HttpLoad(server.Port, MemoryConnections, ApiRequests.Post).RunAsync(input.Records, () => Interlocked.Increment(ref answered));
        while (!load.IsCompleted)
        {
            var (now, resident) = (Volatile.Read(ref answered), server.Resident);
            if (now <= part)
                first = Math.Max(first, resident);
            else if (now > input.Records - part)
                last = Math.Max(last, resident);
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }

        await load;
        return new Measurement { [First] = first, [Last] = last };
    }

    private static double Milliseconds(long ticks) => Stopwatch.GetElapsedTime(0, ticks).TotalMilliseconds;
}
