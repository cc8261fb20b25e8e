using System.Diagnostics;
using System.Text;
using Testing;

namespace EndToEnd;

/// <summary>A running <c>./dev</c> of this checkout, with state and ports of its own.</summary>
internal sealed class DevCommand : IDisposable
{
    private readonly StringBuilder _output = new();
    private readonly Process _process;

    private DevCommand(Process process) => _process = process;

    /// <summary>What it printed so far, on both streams.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Its lines so far that are not empty.</summary>
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public static DevCommand Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        // A caller that was started in the background has Ctrl-C switched off, and bash could not switch it on again.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", Path.Combine(Checkout.Root, "dev"), .. arguments])
        {
            UseShellExecute = false,
            WorkingDirectory = Checkout.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        var command = new DevCommand(new Process { StartInfo = start });
        command._process.OutputDataReceived += (_, line) => command.Take(line.Data);
        command._process.ErrorDataReceived += (_, line) => command.Take(line.Data);
        command._process.Start();
        command._process.BeginOutputReadLine();
        command._process.BeginErrorReadLine();
        return command;
    }

    /// <summary>Sends what Ctrl-C sends.</summary>
    public void Interrupt() => Signals.Send(_process.Id, Signal.Interrupt);

    public void Terminate() => Signals.Send(_process.Id, Signal.Terminate);

    /// <summary>Waits for its end and returns its exit code.</summary>
    public async Task<int> EndsAsync(TimeSpan within)
    {
        using var late = new CancellationTokenSource(within);
        try
        {
            await _process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException cause) when (late.IsCancellationRequested)
        {
            throw new TimeoutException($"./dev did not end within {within.TotalSeconds} s; it printed: {Output}", cause);
        }

        return ExitCode;
    }

    public void Dispose() => _process.Dispose();

    private void Take(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.Append(line).Append('\n');
    }
}
