using System.Diagnostics;
using Messaging.Bench.Api;
using Messaging.Bench.Running;

namespace Messaging.Bench.Failures;

/// <summary>One who asks the API the same again and again, the next time once the answer is there.</summary>
internal static class AskScenario
{
    /// <summary>The longest of the answers that were certainly read from the database: the first, and those after a pause that outlives every cache.</summary>
    public const string Uncached = "uncached_ms";

    private const int Pauses = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(6);

    /// <summary>Asks for a path.</summary>
    /// <param name="path">The path, with its query.</param>
    /// <param name="kind">Whom: a kind of <see cref="ServerProcess"/>.</param>
    public static Func<ScenarioInput, Task<Measurement>> Of(string path, string kind = ServerProcess.Api) => async input =>
    {
        await using var server = await ServerProcess.StartAsync(kind, input);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}"), Timeout = TimeSpan.FromMinutes(2) };
        if (kind == ServerProcess.Api)
            http.DefaultRequestHeaders.Add("X-Api-Key", ServerProcess.Key);
        for (var request = 0; request < input.WarmUp; request++)
            await AskAsync(http, path);
        var uncached = new List<double>();
        for (var pause = 0; pause < Pauses; pause++)
        {
            await Task.Delay(Pause);
            uncached.Add(await AskAsync(http, path));
        }

        var times = new List<double>();
        for (var request = 0; request < input.Records; request++)
            times.Add(await AskAsync(http, path));
        times.Sort();
        return new Measurement
        {
            [ApiScenario.Median] = times[times.Count / 2],
            [ApiScenario.Percentile99] = times[times.Count * 99 / 100],
            [Uncached] = uncached.Max(),
        };
    };

    private static async Task<double> AskAsync(HttpClient http, string path)
    {
        var began = Stopwatch.GetTimestamp();
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative));
        await answer.Content.ReadAsByteArrayAsync();
        answer.EnsureSuccessStatusCode();
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }
}
