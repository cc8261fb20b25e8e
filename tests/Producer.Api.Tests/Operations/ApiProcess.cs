using System.Diagnostics;
using System.Net;
using System.Text;
using Producer.Api.Hosting;
using Testing;

namespace Producer.Api.Tests.Operations;

/// <summary>An instance of the API as a process of its own, to kill and to freeze.</summary>
internal sealed class ApiProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private ApiProcess(Process process, int port)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public HttpClient Client { get; }

    /// <summary>Starts one and waits until it is ready.</summary>
    /// <param name="settings">Its options, as on the command line.</param>
    public static async Task<ApiProcess> StartAsync(IEnumerable<(string Key, string Value)> settings)
    {
        var port = Ports.Free();
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add(typeof(ProducerApi).Assembly.Location);
        foreach (var (key, value) in settings.Append(("environment", "Development")).Append(("urls", $"http://127.0.0.1:{port}")))
            start.ArgumentList.Add($"--{key}={value}");
        var api = new ApiProcess(Process.Start(start)!, port);
        await Eventually.Until(api.IsReadyAsync, StartDeadline, "the API is ready", () => Task.FromResult(api.Log));
        return api;
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json) => Client.PostAsync(new Uri(path, UriKind.Relative), new StringContent(json, Encoding.UTF8, "application/json"));

    /// <summary>SIGKILL: nothing is finished, nothing is closed. A frozen one dies of it too, without another instruction.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: it stands still between two instructions, its connections stay.</summary>
    public void Freeze() => Signals.Send(_process.Id, Signal.Stop);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Client.Dispose();
        _process.Dispose();
    }

    private string Log
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        if (_process.HasExited)
            throw new InvalidOperationException($"The API has ended with {_process.ExitCode}: {Log}");
        try
        {
            using var response = await Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Append(string? line)
    {
        lock (_log)
            _log.AppendLine(line);
    }
}
