using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Messaging.Bench.Api;
using Messaging.Bench.Running;

namespace Messaging.Bench.Failures;

/// <summary>An operation that replays failures into Kafka, watched from outside.</summary>
internal static class OperationScenario
{
    /// <summary>By how many percent the rate was another than the one that was asked for.</summary>
    public const string Off = "off_percent";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    public static Func<ScenarioInput, Task<Measurement>> At(int? rate) => async input =>
    {
        await using var server = await ServerProcess.StartAsync(ServerProcess.Api, input);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}"), Timeout = TimeSpan.FromMinutes(5) };
        http.DefaultRequestHeaders.Add("X-Api-Key", ServerProcess.Key);
        await RunAsync(http, server, input, input.WarmUp, null);
        return await RunAsync(http, server, input, input.Records, rate);
    };

    private static async Task<Measurement> RunAsync(HttpClient http, ServerProcess server, ScenarioInput input, int count, int? rate)
    {
        var type = $"Operation{Guid.NewGuid():N}";
        await FailureRows.FillAsync(input.Servers[ApiServers.Database], count, type, "now() - interval '30 days'");
        using var begun = await http.PostAsJsonAsync("/operations", new { action = "replay", filter = new { exception = type }, rate_per_second = rate });
        begun.EnsureSuccessStatusCode();
        var path = begun.Headers.Location!;
        var looks = new List<(long At, int Done, double Resident)>();
        while (true)
        {
            var operation = await http.GetFromJsonAsync<JsonElement>(path);
            looks.Add((Stopwatch.GetTimestamp(), operation.GetProperty("done").GetInt32(), server.Resident));
            if (operation.TryGetProperty("ended_at", out _))
                break;
            await Task.Delay(Look);
        }

        // From the first look at which it was under way to the last before its end, or the whole where it was quicker than that.
        var seen = looks.Where(look => look.Done > 0 && look.Done < count).ToList();
        var (first, last) = seen.Count > 1 ? (seen[0], seen[^1]) : (looks[0], looks[^1]);
        if (looks[^1].Done != count)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The operation has replayed {looks[^1].Done} of {count}."));
        var measured = (last.Done - first.Done) / Stopwatch.GetElapsedTime(first.At, last.At).TotalSeconds;
        var tenth = Math.Max(1, looks.Count / 10);
        return new Measurement
        {
            [Measurement.Rate] = measured,
            [Off] = rate is { } asked ? Math.Abs((measured / asked) - 1) * 100 : 0,
            [ApiScenario.First] = looks.Take(tenth * 2).Max(look => look.Resident),
            [ApiScenario.Last] = looks.TakeLast(tenth).Max(look => look.Resident),
        };
    }
}
