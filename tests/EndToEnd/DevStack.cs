using System.Globalization;
using Npgsql;
using NUnit.Framework;
using Testing;

namespace EndToEnd;

/// <summary>How <c>./dev up</c> runs the system.</summary>
public enum StackMode
{
    /// <summary>With what the machine has.</summary>
    Local,

    /// <summary>With docker-compose.yml.</summary>
    Docker,
}

/// <summary>The whole system, started by <c>./dev up</c> on ports of its own, and its entry points.</summary>
internal sealed class DevStack : IAsyncDisposable
{
    // Builds images or programs from nothing on a slow machine.
    private static readonly TimeSpan UntilReady = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan UntilEnded = TimeSpan.FromMinutes(2);

    private readonly StackMode _mode;
    private readonly string _folder;
    private readonly DevCommand _up;

    private DevStack(StackMode mode)
    {
        _mode = mode;
        // Its name is the compose project's too; ./dev test removes what a killed run leaves by it.
        var name = $"stack-{Guid.NewGuid().ToString("N")[..8]}";
        _folder = Path.Combine(TestRun.Directory, name);
        Directory.CreateDirectory(_folder);
        string[] ports = ["API_PORT", "WORKER_PORT", "MAIL_PORT", "SMTP_PORT", "KAFKA_PORT", "POSTGRES_PORT"];
        var environment = ports.ToDictionary(port => port, _ => Ports.Free().ToString(CultureInfo.InvariantCulture));
        environment["DEV_RUN"] = _folder;
        environment["COMPOSE_PROJECT_NAME"] = name;
        Environment = environment;
        _up = Run("up", mode == StackMode.Local ? "--local" : "--docker");
        Api = Client("API_PORT");
        Mails = Client("MAIL_PORT");
    }

    public IReadOnlyDictionary<string, string> Environment { get; }

    public DevCommand Up => _up;

    public HttpClient Api { get; }

    public HttpClient Mails { get; }

    /// <summary>Raw records and offsets of its Kafka; known when it is ready.</summary>
    public KafkaRecords Kafka { get; private set; } = null!;

    public string PostgresConnection { get; private set; } = null!;

    public static async Task<DevStack> StartAsync(StackMode mode)
    {
        var stack = new DevStack(mode);
        try
        {
            await Eventually.Until(
                () => stack._up.HasExited || stack._up.Lines.Any(line => line.StartsWith("ready", StringComparison.Ordinal)),
                UntilReady,
                $"./dev up --{mode} is ready");
            if (stack._up.HasExited)
                throw new InvalidOperationException($"./dev up ended with {stack._up.ExitCode}: {stack._up.Output}");
            stack.Kafka = new KafkaRecords(stack.Setting("bootstrap_servers"));
            stack.PostgresConnection = new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = int.Parse(stack.Environment["POSTGRES_PORT"], CultureInfo.InvariantCulture),
                Database = "messaging",
                Username = mode == StackMode.Local ? "postgres" : "messaging",
                Password = "messaging",
            }.ConnectionString;
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another <c>./dev</c> beside it, with the same ports and state.</summary>
    public DevCommand Run(params string[] arguments) => DevCommand.Start(Environment, arguments);

    /// <summary>The processes that it started, by their names and ids.</summary>
    public IReadOnlyDictionary<string, int> Processes() => Directory.GetFiles(_folder, "*.pid")
        .ToDictionary(
            file => Path.GetFileNameWithoutExtension(file),
            file => int.Parse(File.ReadAllText(file).Split(' ')[0], CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        Mails.Dispose();
        if (!_up.HasExited)
        {
            _up.Terminate();
            await _up.EndsAsync(UntilEnded);
        }

        _up.Dispose();
        if (_mode == StackMode.Docker)
        {
            using var wipe = Run("down", "--wipe");
            await wipe.EndsAsync(UntilEnded);
        }
        else if (Directory.Exists(_folder))
        {
            if (TestContext.CurrentContext.Result.FailCount > 0)
                KeepLogs();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private void KeepLogs()
    {
        var kept = Directory.CreateDirectory(Path.Combine(TestRun.Results, Path.GetFileName(_folder)));
        foreach (var log in Directory.GetFiles(Path.Combine(_folder, "logs")))
            File.Copy(log, Path.Combine(kept.FullName, Path.GetFileName(log)), overwrite: true);
    }

    private string Setting(string name) => File.ReadAllText(Path.Combine(_folder, "up.env"))
        .Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
        .Single(pair => pair.StartsWith($"{name}=", StringComparison.Ordinal))[(name.Length + 1)..]
        .Replace("\\", "", StringComparison.Ordinal);

    private HttpClient Client(string port) => new() { BaseAddress = new Uri($"http://127.0.0.1:{Environment[port]}"), Timeout = TimeSpan.FromSeconds(30) };
}
