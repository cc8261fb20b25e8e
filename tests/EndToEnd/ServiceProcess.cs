using System.Diagnostics;
using Testing;

namespace EndToEnd;

/// <summary>A program of this checkout, or of another, as a process of its own; its log is left beside the test's results.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StreamWriter _log;

    private ServiceProcess(Process process, StreamWriter log)
    {
        (_process, _log) = (process, log);
        process.OutputDataReceived += (_, line) => Write(line.Data);
        process.ErrorDataReceived += (_, line) => Write(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <param name="name">What its log is called.</param>
    /// <param name="project">Its folder in this checkout, or a whole path.</param>
    /// <param name="settings">Environment variables.</param>
    /// <param name="arguments">The command line.</param>
    public static ServiceProcess Start(string name, string project, IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        var folder = Path.Combine(Checkout.Root, project, "bin", "Debug", "net10.0");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, $"{Path.GetFileName(project)}.dll"), .. arguments])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in settings)
            start.Environment[key] = value;
        var log = new FileStream(LogOf(name), FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        return new ServiceProcess(Process.Start(start)!, new StreamWriter(log) { AutoFlush = true });
    }

    /// <summary>Where a service's log lies.</summary>
    public static string LogOf(string name) => Path.Combine(TestRun.Results, $"{name}.log");

    /// <summary>Runs one to its end.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunAsync(string name, string project, IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        await using var service = Start(name, project, settings, arguments);
        await service._process.WaitForExitAsync();
        return service._process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        lock (_log)
            _log.Dispose();
    }

    private void Write(string? line)
    {
        lock (_log)
        {
            if (line is not null)
                _log.WriteLine(line);
        }
    }
}
