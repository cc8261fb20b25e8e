using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Confluent.Kafka;
using Contracts;
using Npgsql;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace EndToEnd;

/// <summary>
/// Outages of Kafka, one after another, under 200 posts a second, for as long as <c>./dev chaos outage</c> was told. After each one every
/// group must have its members again and mails must flow; at the end each mail that was accepted is sent, once but where that is known to be
/// unknown, and the ledger finds nothing.
/// </summary>
[Category("outage-chaos")]
public sealed class OutageChaosTests
{
    private const int PostsPerSecond = 200;

    /// <summary>How long a consumer may be away from its group once Kafka answers again.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan UntilAllEnded = TimeSpan.FromMinutes(10);

    private static readonly (string Who, bool Crash, int Seconds)[] Outages =
    [
        .. from seconds in (int[])[5, 30, 105, 300]
           from crash in (bool[])[false, true]
           from who in (string[])["one broker", "all brokers", "the mails' coordinator"]
           select (who, crash, seconds),
    ];

    private readonly ConcurrentBag<Guid> _accepted = [];
    private readonly ConcurrentDictionary<string, int> _refused = [];

    [Test]
    public async Task Outage_after_outage_loses_no_mail_and_leaves_no_consumer_behind()
    {
        if (Chaos.Outages is not { } duration)
        {
            Assert.Ignore("takes as long as it is told: ./dev chaos outage [MINUTES]");
            return;
        }

        await using var cluster = await KafkaCluster.StartAsync();
        await using var system = await RunningSystem.StartAsync(cluster);
        using var stop = new CancellationTokenSource();
        var load = PostAsync(system.Api, stop.Token);

        var seed = Environment.TickCount;
        var random = new Random(seed);
        TestContext.Progress.WriteLine($"{duration.TotalMinutes:0} minutes of outages, seed {seed}");
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var deck = new Queue<(string Who, bool Crash, int Seconds)>();
        while (watch.Elapsed < duration)
        {
            if (deck.Count == 0)
            {
                var shuffled = Outages.ToArray();
                random.Shuffle(shuffled);
                deck = new Queue<(string Who, bool Crash, int Seconds)>(shuffled);
            }

            var outage = deck.Dequeue();
            if (watch.Elapsed + TimeSpan.FromSeconds(outage.Seconds) > duration && outage.Seconds > 5)
                continue;
            await SufferAsync(cluster, system, outage, random);
        }

        await stop.CancelAsync();
        await load;
        await AuditAsync(system);
    }

    private async Task SufferAsync(KafkaCluster cluster, RunningSystem system, (string Who, bool Crash, int Seconds) outage, Random random)
    {
        int[] brokers = outage.Who switch
        {
            "all brokers" => [.. Enumerable.Range(0, KafkaCluster.Brokers)],
            "one broker" => [random.Next(KafkaCluster.Brokers)],
            _ => [cluster.CoordinatorOf(Groups.EmailSend)],
        };
        var accepted = _accepted.Count;
        foreach (var broker in brokers)
            await (outage.Crash ? cluster.KillAsync(broker) : cluster.StopAsync(broker));
        await Task.Delay(TimeSpan.FromSeconds(outage.Seconds));
        var during = _accepted.Count - accepted;
        await Task.WhenAll(brokers.Select(cluster.ReviveAsync));

        var healed = System.Diagnostics.Stopwatch.StartNew();
        var sent = await system.SentAsync();
        await Eventually.Until(async () => await system.SentAsync() > sent + PostsPerSecond, Recovery, $"mails flow after {outage}");
        await Eventually.Until(system.HasAllMembersAsync, Recovery - healed.Elapsed, $"every group has its members after {outage}");
        TestContext.Progress.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:HH:mm:ss} {outage.Who}, {(outage.Crash ? "SIGKILL" : "SIGTERM")}, {outage.Seconds} s: {during} accepted meanwhile, all well {healed.Elapsed.TotalSeconds:0} s after"));
    }

    private async Task AuditAsync(RunningSystem system)
    {
        var ids = _accepted.ToArray();
        var open = await Eventually.Value(() => system.CountNotSentAsync(ids), count => count == 0, UntilAllEnded, "every accepted mail is sent");
        var (unknown, twice) = (await system.UnknownOutcomesAsync(), await system.SentTwiceAsync());
        TestContext.Progress.WriteLine($"{ids.Length} accepted, {open} of them not sent, {twice} sent twice, {unknown} outcomes known as unknown; refused: {string.Join(", ", _refused.Select(code => $"{code.Key} {code.Value}"))}");

        twice.ShouldBeLessThanOrEqualTo(unknown, "mails sent twice, and outcomes known as unknown");
        _refused.Keys.ShouldBeSubsetOf(["503 not_accepted", "503 outcome_unknown", "503 overloaded"]);
        (await system.LedgerAsync()).ShouldBe(0, "the ledger's exit code");
    }

    private async Task PostAsync(HttpClient api, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(0.05));
        var posts = new List<Task>();
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                posts.RemoveAll(post => post.IsCompletedSuccessfully);
                for (var post = 0; post < PostsPerSecond / 20; post++)
                    posts.Add(PostOneAsync(api));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(posts);
        }
    }

    private async Task PostOneAsync(HttpClient api)
    {
        using var response = await api.PostAsJsonAsync("/emails", new { from = "a@example.com", to = "fine@example.com", subject = "Hello", text = "It works." }, CancellationToken.None);
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        if (response.StatusCode == HttpStatusCode.Accepted)
            _accepted.Add(body["id"]!.GetValue<Guid>());
        else
            _refused.AddOrUpdate($"{(int)response.StatusCode} {body["code"]}", 1, (_, count) => count + 1);
    }

    /// <summary>An API and two workers on the cluster, with a mail server and a database of their own.</summary>
    private sealed class RunningSystem : IAsyncDisposable
    {
        private readonly KafkaCluster _cluster;
        private readonly Dictionary<string, string> _settings;
        private readonly NpgsqlDataSource _database;
        private readonly HttpClient _sink;
        private readonly List<ServiceProcess> _services = [];

        private RunningSystem(KafkaCluster cluster, string connection, int api, int smtp, int sink)
        {
            _cluster = cluster;
            _database = NpgsqlDataSource.Create(connection);
            Api = Client(api);
            _sink = Client(sink);
            _settings = new(StringComparer.Ordinal)
            {
                ["DOTNET_ENVIRONMENT"] = "Development",
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["Kafka__BootstrapServers"] = cluster.BootstrapServers,
                ["Kafka__ReplicationFactor"] = "3",
                ["Database__ConnectionString"] = connection,
                ["Smtp__Host"] = "127.0.0.1",
                ["Smtp__Port"] = smtp.ToString(CultureInfo.InvariantCulture),
            };
        }

        public HttpClient Api { get; }

        public static async Task<RunningSystem> StartAsync(KafkaCluster cluster)
        {
            var (api, smtp, sink) = (Ports.Free(), Ports.Free(), Ports.Free());
            var system = new RunningSystem(cluster, await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("outages"), api, smtp, sink);
            try
            {
                (await ServiceProcess.RunAsync("migrate", "Consumer.Worker", system._settings, "migrate")).ShouldBe(0, "migrate");
                system.Add("mail-sink", "tools/MailSink", ("Sink__SmtpPort", smtp), ("Sink__HttpPort", sink));
                system.Add("producer-api", "Producer.Api", ("ASPNETCORE_HTTP_PORTS", api));
                foreach (var worker in (string[])["worker-1", "worker-2"])
                    system.Add(worker, "Consumer.Worker", ("ASPNETCORE_HTTP_PORTS", Ports.Free()));
                await Eventually.Until(async () => (await system.Api.GetAsync("/health/ready")).IsSuccessStatusCode, TimeSpan.FromMinutes(2), "the API is ready");
                await Eventually.Until(system.HasAllMembersAsync, TimeSpan.FromMinutes(2), "every group has its members");
                return system;
            }
            catch
            {
                await system.DisposeAsync();
                throw;
            }
        }

        /// <summary>Whether each of the three groups is stable with two members, and all services run.</summary>
        public async Task<bool> HasAllMembersAsync()
        {
            _services.ShouldAllBe(service => !service.HasExited);
            using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _cluster.BootstrapServers }).SetLogHandler((_, _) => { }).Build();
            return await Task.Run(() => Array.TrueForAll(
                [Groups.EmailSend, Groups.EmailSendDelay, Groups.EmailSendDeadLetter],
                group => admin.ListGroup(group, TimeSpan.FromSeconds(5)) is { State: "Stable", Members.Count: 2 }));
        }

        /// <summary>How many mails the mail server has stored.</summary>
        public async Task<long> SentAsync() => (await _sink.GetFromJsonAsync<JsonNode>("/api/v1/counters"))!["mails"]!.GetValue<long>();

        public async Task<long> SentTwiceAsync() => (await _sink.GetFromJsonAsync<JsonNode>("/api/v1/duplicates"))!["duplicates"]!.AsArray().Count;

        public Task<long> CountNotSentAsync(Guid[] ids) => CountAsync("SELECT count(*) FROM unnest($1) AS id WHERE NOT EXISTS (SELECT FROM email.mails AS m WHERE m.id = id.id AND m.state = 'sent')", ids);

        public Task<long> UnknownOutcomesAsync() => CountAsync("SELECT coalesce(sum(unknown_outcomes), 0)::bigint FROM email.mails");

        public Task<int> LedgerAsync() => ServiceProcess.RunAsync("ledger", "Consumer.Worker", _settings, "ledger");

        public async ValueTask DisposeAsync()
        {
            foreach (var service in Enumerable.Reverse(_services))
                await service.DisposeAsync();
            Api.Dispose();
            _sink.Dispose();
            await _database.DisposeAsync();
        }

        private void Add(string name, string project, params (string Key, int Value)[] settings) => _services.Add(ServiceProcess.Start(
            $"outages-{name}", project,
            _settings.Concat(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value.ToString(CultureInfo.InvariantCulture)))).ToDictionary(StringComparer.Ordinal)));

        private async Task<long> CountAsync(string sql, params object[] values)
        {
            await using var command = _database.CreateCommand(sql);
            foreach (var value in values)
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            return (long)(await command.ExecuteScalarAsync())!;
        }

        private static HttpClient Client(int port) => new() { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(60) };
    }
}
