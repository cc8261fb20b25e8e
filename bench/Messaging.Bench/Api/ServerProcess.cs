using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Messaging.Bench.Running;

namespace Messaging.Bench.Api;

/// <summary>The API or its peer as a process of its own, so that its CPU time and memory are nobody else's. It ends with the one that started it.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>The hidden verb that the process is started with.</summary>
    public const string Verb = "serve";

    /// <summary>The API as it is deployed.</summary>
    public const string Api = "api";

    /// <summary>The API with its console, which asks nobody who they are.</summary>
    public const string Console = "console";

    /// <summary>A bare Kestrel endpoint.</summary>
    public const string Bare = "bare";

    /// <summary><c>Api:Key</c> of the API; the peer asks for none.</summary>
    public const string Key = "bench-0123456789abcdef";

    private const string Mark = "listening ";

    private readonly Process _process;

    private ServerProcess(Process process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    /// <summary>The CPU time that it has used.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Its resident memory, in MiB.</summary>
    public double Resident
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / (1024.0 * 1024);
        }
    }

    /// <summary>Starts it; returns when it accepts mails.</summary>
    public static async Task<ServerProcess> StartAsync(string kind, ScenarioInput input)
    {
        var process = Process.Start(ChildProcess.Self([Verb, kind, JsonSerializer.Serialize(input)]))!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith(Mark, StringComparison.Ordinal))
                continue;
            _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
            return new ServerProcess(process, int.Parse(line[Mark.Length..], CultureInfo.InvariantCulture));
        }

        throw new InvalidOperationException($"The server '{kind}' did not start; what it said is above.");
    }

    /// <summary>What the process does: serves, says its port once it accepts mails, and ends when its input does.</summary>
    public static async Task<int> RunAsync(string kind, string input)
    {
        var given = JsonSerializer.Deserialize<ScenarioInput>(input)!;
        await using var app = kind switch
        {
            Api => ApiServer.Build(given),
            Console => ApiServer.Build(given, "Development"),
            _ => BareServer.Build(given),
        };
        await app.StartAsync();
        var address = new Uri(app.Urls.First());
        await ReadyAsync(address);
        System.Console.WriteLine(Mark + address.Port.ToString(CultureInfo.InvariantCulture));
        await ChildProcess.UntilLeftAloneAsync();
        await app.StopAsync();
        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task ReadyAsync(Uri address)
    {
        using var http = new HttpClient { BaseAddress = address };
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!(await http.GetAsync(new Uri("/health/ready", UriKind.Relative), deadline.Token)).IsSuccessStatusCode)
            await Task.Delay(TimeSpan.FromMilliseconds(100), deadline.Token);
    }
}
