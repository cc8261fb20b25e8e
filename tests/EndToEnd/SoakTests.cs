using System.Globalization;
using Contracts;
using Npgsql;
using NUnit.Framework;
using Testing;

namespace EndToEnd;

/// <summary>
/// An API, two workers, three brokers and Postgres under 50 posts a second, with a fault each minute, for as long as <c>./dev chaos soak</c>
/// was told. Within 90 s of the end of each fault every group must have its members again and mails must flow; at the end each mail that was
/// accepted has its one end, the ledger is clean, and memory is where it was. The graph of it lies beside the test's results.
/// </summary>
[Category("soak")]
public sealed class SoakTests
{
    private const int PostsPerSecond = 50;
    private const string Api = "producer-api";

    private static readonly TimeSpan Cycle = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan UntilAllEnded = TimeSpan.FromMinutes(10);

    [Test]
    public async Task Fault_after_fault_of_every_kind_leaves_each_mail_its_one_end()
    {
        if (Chaos.Soak is not { } duration)
        {
            Assert.Ignore("takes as long as it is told: ./dev chaos soak [MINUTES]");
            return;
        }

        await using var cluster = await KafkaCluster.StartAsync();
        await using var postgres = await PostgresServer.StartOwnAsync();
        var connection = await postgres.CreateDatabaseAsync("soak");
        await using var system = RunningSystem.Create(cluster.BootstrapServers, connection, "soak", ("Kafka__ReplicationFactor", "3"));
        await system.MigrateAsync();
        var port = Ports.Free();
        await system.StartApiAsync(port: port);
        system.StartWorker("worker-1");
        system.StartWorker("worker-2");
        await Eventually.Until(system.HasAllMembersAsync, TimeSpan.FromMinutes(2), "every group has its members");

        var seed = Environment.TickCount;
        var random = new Random(seed);
        TestContext.Progress.WriteLine($"{duration.TotalMinutes:0} minutes of faults, seed {seed}");
        await using var load = MailLoad.Start(system.Api, PostsPerSecond, Recipient);
        await using var graph = SoakGraph.Start(system, cluster.Records, load, [Api, "worker-1", "worker-2"]);
        var faults = Faults(new SoakScene(system, cluster, postgres, connection, port));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var deck = new Queue<Fault>();
        while (watch.Elapsed < duration)
        {
            if (deck.Count == 0)
            {
                random.Shuffle(faults);
                deck = new Queue<Fault>(faults);
            }

            var start = watch.Elapsed;
            await SufferAsync(system, graph, deck.Dequeue());
            if (Cycle - (watch.Elapsed - start) is var rest && rest > TimeSpan.Zero)
                await Task.Delay(rest);
        }

        await load.StopAsync();
        await system.AuditAsync(load, UntilAllEnded);
        await graph.StopAsync();
        TestContext.Progress.WriteLine($"the graph: {graph.Write(Path.Combine(TestRun.Results, "soak"))}");
        graph.ShouldHaveFlatMemory();
    }

    private static string Recipient(int post) => (post % 20) switch
    {
        3 => "fail-451-once",
        7 => "fail-550",
        _ => "fine",
    };

    private static async Task SufferAsync(RunningSystem system, SoakGraph graph, Fault fault)
    {
        graph.Mark(fault.Name);
        await fault.Begin();
        await Task.Delay(fault.Lasts);
        await fault.End();

        var healed = System.Diagnostics.Stopwatch.StartNew();
        var sent = await system.SentAsync();
        await Eventually.Until(system.HasAllMembersAsync, Recovery, $"every group has its members after {fault.Name}");
        var members = healed.Elapsed;
        await Eventually.Until(async () => await system.SentAsync() > sent + PostsPerSecond, Recovery, $"mails flow after {fault.Name}");
        TestContext.Progress.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:HH:mm:ss} {fault.Name}, {fault.Lasts.TotalSeconds:0} s: members again after {members.TotalSeconds:0} s, mails flow after {healed.Elapsed.TotalSeconds:0} s"));
    }

    private static Fault[] Faults(SoakScene scene)
    {
        var (system, cluster, postgres) = (scene.System, scene.Cluster, scene.Postgres);
        NpgsqlConnection? holder = null;
        return
        [
            new("a worker is killed", 5, () => system.KillAsync("worker-1"), () => Done(() => system.StartWorker("worker-1"))),
            new("a worker is frozen", 40, () => Done(() => Signals.Send(system.ProcessOf("worker-2"), Signal.Stop)), () => Done(() => Signals.Send(system.ProcessOf("worker-2"), Signal.Continue))),
            new("the API is killed", 2, () => system.KillAsync(Api), () => system.StartApiAsync(Api, port: scene.Port)),
            new("a broker is killed", 20, () => cluster.KillAsync(0), () => cluster.ReviveAsync(0)),
            new("a broker is frozen", 20, () => cluster.FreezeAsync(1), () => cluster.ThawAsync(1)),
            new("the mails' coordinator is stopped", 15, () => cluster.StopAsync(scene.Coordinator = cluster.CoordinatorOf(Groups.EmailSend)), () => cluster.ReviveAsync(scene.Coordinator)),
            new("all brokers are stopped", 15, () => SoakScene.AllBrokersAsync(cluster.StopAsync), () => SoakScene.AllBrokersAsync(cluster.ReviveAsync)),
            new("Postgres is killed", 10, postgres.KillAsync, postgres.StartAsync),
            new("Postgres is restarted", 1, postgres.StopAsync, postgres.StartAsync),
            new("Postgres is frozen", 20, postgres.FreezeAsync, postgres.ThawAsync),
            new("the table of mails is locked", 20, async () => holder = await scene.LockAsync(), async () => await holder!.DisposeAsync()),
            new("Postgres lets nobody in", 20, () => scene.DatabaseAsync("ALLOW_CONNECTIONS false"), () => scene.DatabaseAsync("ALLOW_CONNECTIONS true")),
            new("Postgres is read-only", 20, () => scene.DatabaseAsync("SET default_transaction_read_only = on"), () => scene.DatabaseAsync("RESET default_transaction_read_only")),
            new("Postgres' statement_timeout is 1 ms", 20, () => scene.DatabaseAsync("SET statement_timeout = '1ms'"), () => scene.DatabaseAsync("RESET statement_timeout")),
            new("the mail server takes no connection", 20, () => system.ListenAsync(false), () => system.ListenAsync(true)),
            new("the mail server is slow", 20, () => system.ScriptAsync(new { at = "mail", delay_ms = 3000 }), () => system.ScriptAsync()),
            new("the mail server says 421", 20, () => system.ScriptAsync(new { at = "mail", reply = 421 }), () => system.ScriptAsync()),
            new("the mail server drops connections behind the content", 10, () => system.ScriptAsync(new { at = "end_of_data", then = "drop_after", times = 20 }), () => system.ScriptAsync()),
        ];
    }

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private sealed record Fault(string Name, int Seconds, Func<Task> Begin, Func<Task> End)
    {
        public TimeSpan Lasts => TimeSpan.FromSeconds(Seconds);
    }

    private sealed record SoakScene(RunningSystem System, KafkaCluster Cluster, PostgresServer Postgres, string Connection, int Port)
    {
        public int Coordinator { get; set; }

        public static Task AllBrokersAsync(Func<int, Task> what) => Task.WhenAll(Enumerable.Range(0, KafkaCluster.Brokers).Select(what));

        /// <summary>Changes a setting of the database, from outside of it, and ends its connections, so that it holds.</summary>
        public async Task DatabaseAsync(string change)
        {
            var database = new NpgsqlConnectionStringBuilder(Connection).Database;
            // Not of the pool, whose connections an earlier fault may have ended.
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Postgres.ConnectionString) { Pooling = false }.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(
                $"ALTER DATABASE \"{database}\" {change}; SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{database}'", connection);
            await command.ExecuteNonQueryAsync();
        }

        /// <summary>Locks the mails until the connection is closed.</summary>
        public async Task<NpgsqlConnection> LockAsync()
        {
            var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Connection) { Pooling = false }.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("BEGIN; LOCK TABLE email.mails IN ACCESS EXCLUSIVE MODE", connection);
            await command.ExecuteNonQueryAsync();
            return connection;
        }
    }
}
