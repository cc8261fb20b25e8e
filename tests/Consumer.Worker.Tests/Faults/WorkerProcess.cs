using System.Diagnostics;
using System.Text;
using Testing;

namespace Consumer.Worker.Tests.Faults;

/// <summary>A worker as a process of its own, to kill and to freeze.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private bool _disposed;

    private WorkerProcess(Process process)
    {
        (_process, Id) = (process, process.Id);
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The process, by which the database name the worker too.</summary>
    public int Id { get; }

    public bool HasExited => _disposed || _process.HasExited;

    /// <summary>What it has written.</summary>
    public string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    /// <summary>Starts one.</summary>
    /// <param name="topic">Its topic of mails, after which the others are named.</param>
    /// <param name="options">Its options, as on the command line.</param>
    public static WorkerProcess Start(string topic, IEnumerable<string> options)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var argument in (string[])[typeof(WorkerProgram).Assembly.Location, topic, .. options])
            start.ArgumentList.Add(argument);
        return new WorkerProcess(Process.Start(start)!);
    }

    /// <summary>SIGKILL: nothing is finished, nothing is closed. A frozen one dies of it too, without another instruction.</summary>
    public async Task KillAsync()
    {
        if (HasExited)
            return;
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: it stands still between two instructions, its connections stay.</summary>
    public void Freeze() => Signals.Send(Id, Signal.Stop);

    /// <summary>SIGCONT.</summary>
    public void Thaw() => Signals.Send(Id, Signal.Continue);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _disposed = true;
        _process.Dispose();
    }

    private void Append(string? line)
    {
        lock (_log)
            _log.AppendLine(line);
    }
}
