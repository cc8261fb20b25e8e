using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace Messaging.Bench.Running;

/// <summary>Measures in a process of its own, so that its CPU time and memory are those of one side alone.</summary>
internal static class ChildProcess
{
    /// <summary>The hidden verb that the process is started with.</summary>
    public const string Verb = "measure";

    private const string ResultMark = "measured ";
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);

    /// <summary>Starts the process and reads its figures.</summary>
    public static async Task<Measurement> StartAsync(Suite suite, Row row, Side side, ScenarioInput input, CancellationToken cancellationToken)
    {
        using var process = Process.Start(Self([Verb, suite.Name, row.Name, side.Name, JsonSerializer.Serialize(input)]))!;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Deadline);
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            var result = output.Split('\n').FirstOrDefault(line => line.StartsWith(ResultMark, StringComparison.Ordinal));
            return process.ExitCode == 0 && result is not null
                ? JsonSerializer.Deserialize<Measurement>(result[ResultMark.Length..])!
                : throw new InvalidOperationException($"{row.Name}, {side.Name}: the process that measures ended with status {process.ExitCode} and no figures; what it said is above.");
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{row.Name}, {side.Name}: nothing was measured within {Deadline.TotalMinutes:0} min.", exception);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    /// <summary>This very program with other arguments; what it says is read, and its input stays open as long as this process lives.</summary>
    public static ProcessStartInfo Self(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }

    /// <summary>What the process does. Left alone by whoever started it, it ends at once: it would load the machine under the next run.</summary>
    public static async Task<int> MeasureAsync(Suite suite, string row, string side, string input)
    {
        _ = KillWhenLeftAloneAsync();
        var found = suite.Rows.Single(candidate => candidate.Name == row).Sides.Single(candidate => candidate.Name == side);
        var measurement = await found.MeasureAsync(JsonSerializer.Deserialize<ScenarioInput>(input)!);
        Console.WriteLine(ResultMark + JsonSerializer.Serialize(measurement));
        return 0;
    }

    /// <summary>Waits, in a process made by <see cref="Self"/>, until whoever started it has ended or closed its input.</summary>
    public static Task UntilLeftAloneAsync() => Console.OpenStandardInput().CopyToAsync(Stream.Null);

    private static async Task KillWhenLeftAloneAsync()
    {
        await UntilLeftAloneAsync();
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}
