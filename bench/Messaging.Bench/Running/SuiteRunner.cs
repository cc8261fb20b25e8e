using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;

namespace Messaging.Bench.Running;

/// <summary>Measures the rows of a suite: round after round, in each the subject and its peers in turn.</summary>
internal sealed class SuiteRunner(Suite suite, BenchOptions options)
{
    /// <summary>Says where it is; on the error stream, so that <c>--json</c> prints nothing but its lines.</summary>
    private readonly TextWriter _progress = Console.Error;

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var broker = await Broker.FindAsync(cancellationToken);
            await _progress.WriteLineAsync(Machine.Describe(broker));
            await using var servers = suite.StartServersAsync is { } start ? await start(cancellationToken) : null;
            foreach (var line in servers?.Description ?? [])
                await _progress.WriteLineAsync(line);
            await using var topics = new Topics(broker.BootstrapServers, suite.Records);
            var report = new Report(options);
            foreach (var row in options.Rows)
                report.Add(row, await MeasureAsync(row, topics, servers, cancellationToken));
            report.Print(Console.Out);
            return report.AllMet ? 0 : 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await _progress.WriteLineAsync("bench: stopped");
            return 2;
        }
        catch (Exception exception) when (exception is NoServerException or KafkaException or InvalidOperationException or TimeoutException)
        {
            await _progress.WriteLineAsync($"bench: {exception.Message}");
            return 2;
        }
    }

    /// <returns>The figures of each round, by side.</returns>
    private async Task<List<Dictionary<string, Measurement>>> MeasureAsync(
        Row row, Topics topics, ISuiteServers? servers, CancellationToken cancellationToken)
    {
        var rounds = new List<Dictionary<string, Measurement>>();
        for (var round = 1; round <= options.Rounds; round++)
        {
            var measured = new Dictionary<string, Measurement>(StringComparer.Ordinal);
            foreach (var side in row.Sides)
            {
                var input = await topics.PrepareAsync(row, options.Scale);
                if (servers is not null)
                    input = input with { Servers = servers.Addresses };
                var started = Stopwatch.GetTimestamp();
                measured[side.Name] = await ChildProcess.StartAsync(suite, row, side, input, cancellationToken);
                var figures = string.Join(", ", measured[side.Name].Select(figure => string.Create(CultureInfo.InvariantCulture, $"{figure.Key} {figure.Value:#,0.###}")));
                await _progress.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {row.Name}, round {round} of {options.Rounds}, {side.Name}: {figures} ({Stopwatch.GetElapsedTime(started).TotalSeconds:0} s)"));
            }

            rounds.Add(measured);
        }

        return rounds;
    }
}
