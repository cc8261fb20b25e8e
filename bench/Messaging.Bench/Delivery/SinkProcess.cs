using System.Diagnostics;
using System.Globalization;
using Messaging.Bench.Running;

namespace Messaging.Bench.Delivery;

/// <summary>A <see cref="BenchSink"/> as a process of its own, so that its CPU time is nobody else's. It ends with the one that started it.</summary>
internal sealed class SinkProcess : IAsyncDisposable
{
    /// <summary>The hidden verb that the process is started with.</summary>
    public const string Verb = "sink";

    private readonly Process _process;

    private SinkProcess(Process process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    public static async Task<SinkProcess> StartAsync(TimeSpan latency)
    {
        var process = Process.Start(ChildProcess.Self([Verb, latency.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)]))!;
        var said = await process.StandardOutput.ReadLineAsync();
        return int.TryParse(said, CultureInfo.InvariantCulture, out var port)
            ? new SinkProcess(process, port)
            : throw new InvalidOperationException($"The mail sink did not start; it said '{said}'.");
    }

    /// <summary>What the process does: listens, says its port, and ends when its input does.</summary>
    public static async Task<int> RunAsync(string latency)
    {
        await using var sink = new BenchSink(TimeSpan.FromMilliseconds(double.Parse(latency, CultureInfo.InvariantCulture)));
        Console.WriteLine(sink.Port);
        await ChildProcess.UntilLeftAloneAsync();
        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
