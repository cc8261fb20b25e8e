using System.Diagnostics;
using System.Globalization;

namespace Testing;

/// <summary>A Postgres server from the machine's binaries; an unprivileged user's, also when the tests run as root.</summary>
internal sealed class LocalPostgres : PostgresServer
{
    private readonly PostgresBinaries _binaries;
    private readonly string _directory;
    private Process? _process;

    public LocalPostgres(PostgresBinaries binaries)
        : base(Ports.Free())
    {
        _binaries = binaries;
        _directory = Path.Combine(TestRun.Directory, $"postgres-{Port}");
    }

    private string Data => Path.Combine(_directory, "data");

    private string Log => Path.Combine(_directory, "log");

    public override Task StopAsync() => SignalAndWaitAsync(Signal.Interrupt);

    public override Task KillAsync() => SignalAndWaitAsync(Signal.Kill);

    public override Task FreezeAsync()
    {
        SignalAll(Signal.Stop);
        return Task.CompletedTask;
    }

    public override Task ThawAsync()
    {
        SignalAll(Signal.Continue);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            await KillAsync();
        _process?.Dispose();
        _process = null;
        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }

    private protected override async Task RunToolAsync(string tool, params string[] arguments)
    {
        var command = Unprivileged([_binaries.PathOf(tool), "-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", "postgres", .. arguments]);
        await RunAsync(command[0], command[1..]);
    }

    private protected override async Task LaunchAsync()
    {
        if (!Directory.Exists(Data))
            await InitializeAsync();
        _process?.Dispose();
        // The shell only opens the log and gives its place to Postgres, so that the process id is the postmaster's.
        string[] address =
            ["-p", Port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="];
        string[] server = Unprivileged([_binaries.PathOf("postgres"), "-D", Data, .. address, .. Settings]);
        _process = Start("sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", Log, .. server]);
    }

    private protected override async Task<bool> AnswersAsync()
    {
        if (_process is { HasExited: false })
            return await base.AnswersAsync();
        // What a killed server shared with its processes can take a moment to be free.
        if (File.ReadAllText(Log).Contains("shared memory block", StringComparison.Ordinal))
            await LaunchAsync();
        return false;
    }

    private async Task InitializeAsync()
    {
        Directory.CreateDirectory(_directory);
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", [User, _directory]);
        var command = Unprivileged(
            _binaries.PathOf("initdb"), "-D", Data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8");
        await RunAsync(command[0], command[1..]);
    }

    // Debian's package brings the user; where Postgres came otherwise any unprivileged one does.
    private static string User =>
        File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";

    private static string[] Unprivileged(params string[] command) =>
        Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={User}", "--clear-groups", .. command] : command;

    private static Process Start(string program, IEnumerable<string> arguments, bool redirect = false) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = redirect,
            RedirectStandardError = redirect,
        })!;

    private static async Task RunAsync(string program, string[] arguments)
    {
        using var process = Start(program, arguments, redirect: true);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await output}{await error}");
    }

    private async Task SignalAndWaitAsync(Signal signal)
    {
        var process = _process ?? throw new InvalidOperationException("This Postgres server was never started");
        if (signal == Signal.Kill)
            SignalAll(signal);
        else
            Signals.Send(process.Id, signal);
        using var late = new CancellationTokenSource(Deadline);
        await process.WaitForExitAsync(late.Token);
    }

    /// <summary>To the postmaster and then to each of its children, which it has one of per connection.</summary>
    private void SignalAll(Signal signal)
    {
        var postmaster = _process ?? throw new InvalidOperationException("This Postgres server was never started");
        var children = File.ReadAllText($"/proc/{postmaster.Id}/task/{postmaster.Id}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture));
        Signals.Send(postmaster.Id, signal);
        foreach (var child in children)
            Signals.Send(child, signal);
    }
}
