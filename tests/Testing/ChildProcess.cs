using System.Diagnostics;
using System.Text;

namespace Testing;

/// <summary>A .NET program as a process of its own, to kill and to freeze.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private bool _disposed;

    private ChildProcess(Process process)
    {
        (_process, Id) = (process, process.Id);
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The process.</summary>
    public int Id { get; }

    /// <summary>Whether it has ended.</summary>
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
    /// <param name="program">The file of its assembly.</param>
    /// <param name="arguments">Its command line.</param>
    public static ChildProcess Start(string program, IEnumerable<string> arguments) => new(Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        RedirectStandardInput = true,
        UseShellExecute = false,
    })!);

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

    /// <inheritdoc/>
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
