using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Confluent.Kafka;
using Contracts;
using Npgsql;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace EndToEnd;

/// <summary>APIs and workers as processes, of this checkout or of another, on one broker, with a mail server and a database of their own.</summary>
internal sealed class RunningSystem : IAsyncDisposable
{
    private static readonly TimeSpan UntilReady = TimeSpan.FromMinutes(2);

    private readonly string _name;
    private readonly string _bootstrapServers;
    private readonly Dictionary<string, string> _settings;
    private readonly NpgsqlDataSource _database;
    private readonly HttpClient _sink;
    private readonly ConcurrentDictionary<string, ServiceProcess> _services = [];
    private readonly ConcurrentDictionary<string, int> _consumers = [];

    private RunningSystem(string name, string bootstrapServers, string connection, int smtp, int sink, IEnumerable<(string Key, string Value)> settings)
    {
        (_name, _bootstrapServers, _database, _sink) = (name, bootstrapServers, NpgsqlDataSource.Create(connection), Client(sink));
        _settings = new(StringComparer.Ordinal)
        {
            ["DOTNET_ENVIRONMENT"] = "Development",
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["Kafka__BootstrapServers"] = bootstrapServers,
            ["Database__ConnectionString"] = connection,
            ["Smtp__Host"] = "127.0.0.1",
            ["Smtp__Port"] = Text(smtp),
        };
        foreach (var (key, value) in settings)
            _settings[key] = value;
        Start("mail-sink", "tools/MailSink", ("Sink__SmtpPort", smtp), ("Sink__HttpPort", sink));
    }

    /// <summary>The API that was started last.</summary>
    public HttpClient Api { get; private set; } = new();

    /// <param name="bootstrapServers">The broker.</param>
    /// <param name="name">What its logs and its database are called.</param>
    /// <param name="settings">Environment variables for all services.</param>
    public static async Task<RunningSystem> CreateAsync(string bootstrapServers, string name, params (string Key, string Value)[] settings) =>
        Create(bootstrapServers, await (await PostgresFixture.StartAsync()).CreateDatabaseAsync(name), name, settings);

    /// <inheritdoc cref="CreateAsync"/>
    /// <param name="connection">A database for it.</param>
    public static RunningSystem Create(string bootstrapServers, string connection, string name, params (string Key, string Value)[] settings) =>
        new(name, bootstrapServers, connection, Ports.Free(), Ports.Free(), settings);

    /// <summary>Migrates the database.</summary>
    /// <param name="root">The checkout whose version does it; this one unless said.</param>
    public Task MigrateAsync(string? root = null) => RunAsync("migrate", root, "migrate");

    /// <summary>Starts an API, and waits until it is ready.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="root">The checkout whose version it is; this one unless said.</param>
    /// <param name="port">Where it listens; a free port unless said.</param>
    public async Task StartApiAsync(string name = "producer-api", string? root = null, int? port = null)
    {
        port ??= Ports.Free();
        Start(name, Of(root, "Producer.Api"), ("ASPNETCORE_HTTP_PORTS", port.Value));
        Api = Client(port.Value);
        await Eventually.Until(async () => (await Api.GetAsync("/health/ready")).IsSuccessStatusCode, UntilReady, $"{name} is ready", () => Task.FromResult(Log(name)));
    }

    /// <summary>Starts a worker.</summary>
    public void StartWorker(string name, string? root = null)
    {
        // A consumer of its group for each stream, where it knows of streams.
        _consumers[name] = File.Exists(Path.Combine(root ?? Checkout.Root, "Contracts", "MailStream.cs")) ? 2 : 1;
        Start(name, Of(root, "Consumer.Worker"), ("ASPNETCORE_HTTP_PORTS", Ports.Free()));
    }

    /// <summary>Ends a service, as a crash does.</summary>
    public async Task KillAsync(string name)
    {
        _consumers.TryRemove(name, out _);
        if (_services.TryRemove(name, out var service))
            await service.DisposeAsync();
    }

    /// <summary>The process of a service.</summary>
    public int ProcessOf(string name) => _services[name].Id;

    /// <summary>Has the mail server behave by these rules from now on, as its <c>PUT /api/v1/script</c> takes them.</summary>
    public async Task ScriptAsync(params object[] rules) => (await _sink.PutAsJsonAsync("/api/v1/script", new { rules })).EnsureSuccessStatusCode();

    /// <summary>Whether the mail server takes connections.</summary>
    public async Task ListenAsync(bool listening) => (await _sink.PutAsJsonAsync("/api/v1/listening", new { listening })).EnsureSuccessStatusCode();

    /// <summary>Whether all services run, and each of the three groups is stable with all its members.</summary>
    public async Task<bool> HasAllMembersAsync()
    {
        if (_services.FirstOrDefault(service => service.Value.HasExited) is { Key: { } ended })
            throw new InvalidOperationException($"{ended} has ended: {Log(ended)}");
        (string Group, int Members)[] groups =
            [(Groups.EmailSend, _consumers.Values.Sum()), (Groups.EmailSendDelay, _consumers.Count), (Groups.EmailSendDeadLetter, _consumers.Count)];
        return await Task.Run(() => Array.TrueForAll(groups, group => Find(group.Group) is { State: "Stable" } found && found.Members.Count == group.Members));
    }

    /// <summary>How many members a group has.</summary>
    /// <exception cref="KafkaException">Kafka does not answer.</exception>
    public int MembersOf(string group) => Find(group)?.Members.Count ?? 0;

    /// <summary>How many mails the mail server has stored.</summary>
    public async Task<long> SentAsync() => (await _sink.GetFromJsonAsync<JsonNode>("/api/v1/counters"))!["mails"]!.GetValue<long>();

    private async Task<long> SentTwiceAsync() => (await _sink.GetFromJsonAsync<JsonNode>("/api/v1/duplicates"))!["duplicates"]!.AsArray().Count;

    public Task<long> CountNotSentAsync(Guid[] ids) => CountNotInAsync(ids, "sent");

    /// <summary>How many of these mails are in another state, or in none.</summary>
    public Task<long> CountNotInAsync(Guid[] ids, string state) => CountAsync(
        "SELECT count(*) FROM unnest($1) AS id WHERE NOT EXISTS (SELECT FROM email.mails AS m WHERE m.id = id.id AND m.state::text = $2)", ids, state);

    /// <summary>A number out of the database.</summary>
    public async Task<long> CountAsync(string sql, params object[] values)
    {
        await using var command = _database.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Waits until each mail that was accepted has its end, by its recipient's local part, and audits.</summary>
    public async Task AuditAsync(MailLoad load, TimeSpan untilAllEnded)
    {
        Guid[] dead = [.. load.Accepted.Where(mail => mail.Value == "fail-550").Select(mail => mail.Key)];
        Guid[] sent = [.. load.Accepted.Keys.Except(dead)];
        await Eventually.Until(async () => await CountNotSentAsync(sent) == 0, untilAllEnded, "every accepted mail is sent");
        await Eventually.Until(async () => await CountNotInAsync(dead, "dead") == 0, untilAllEnded, "every refused mail is dead");
        TestContext.Progress.WriteLine($"{load.Accepted.Count} accepted: {sent.Length} sent, {dead.Length} dead; refused: {load.DescribeRefused()}");
        await AuditAsync();
    }

    /// <summary>No mail was sent twice but where that is known, and this version's ledger finds nothing.</summary>
    public async Task AuditAsync()
    {
        var (unknown, twice) = (await CountAsync("SELECT coalesce(sum(unknown_outcomes), 0)::bigint FROM email.mails"), await SentTwiceAsync());
        TestContext.Progress.WriteLine($"{twice} sent twice, {unknown} outcomes known as unknown");
        twice.ShouldBeLessThanOrEqualTo(unknown, "mails sent twice, and outcomes known as unknown");
        (await ServiceProcess.RunAsync($"{_name}-ledger", "Consumer.Worker", _settings, "ledger")).ShouldBe(0, "the ledger's exit code");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services.Values)
            await service.DisposeAsync();
        Api.Dispose();
        _sink.Dispose();
        await _database.DisposeAsync();
    }

    private GroupInfo? Find(string group)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _bootstrapServers }).SetLogHandler((_, _) => { }).Build();
        return admin.ListGroup(_settings.GetValueOrDefault("Kafka__GroupPrefix", "") + group, TimeSpan.FromSeconds(5));
    }

    private static string Of(string? root, string project) => root is null ? project : Path.Combine(root, project);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static HttpClient Client(int port) => new() { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(60) };

    private string Log(string name) => File.Exists(ServiceProcess.LogOf($"{_name}-{name}")) ? File.ReadAllText(ServiceProcess.LogOf($"{_name}-{name}")) : "";

    private async Task RunAsync(string name, string? root, params string[] arguments)
    {
        var code = await ServiceProcess.RunAsync($"{_name}-{name}", Of(root, "Consumer.Worker"), _settings, arguments);
        if (code != 0)
            throw new InvalidOperationException($"{name} ended with {code}: {Log(name)}");
    }

    private void Start(string name, string project, params (string Key, int Value)[] settings) => _services[name] = ServiceProcess.Start(
        $"{_name}-{name}", project,
        _settings.Concat(settings.Select(setting => KeyValuePair.Create(setting.Key, Text(setting.Value)))).ToDictionary(StringComparer.Ordinal));
}
