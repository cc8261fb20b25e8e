using Npgsql;
using NUnit.Framework;

namespace Testing;

/// <summary>
/// A Postgres for tests, one for all tests of a run: a container where Docker answers, else the server named by
/// <c>POSTGRES_CONNECTION</c>, else one from the machine's binaries. Databases are a test's own.
/// Who wants to break a server takes <see cref="PostgresServer.StartOwnAsync"/>.
/// </summary>
public sealed class PostgresFixture
{
    private static readonly Lazy<Task<PostgresFixture?>> Shared = new(BeginAsync);

    private readonly bool _droppedWithTheServer;

    private PostgresFixture(string connectionString, bool droppedWithTheServer)
    {
        ConnectionString = connectionString;
        _droppedWithTheServer = droppedWithTheServer;
    }

    /// <summary>Connects to the server's own database, as a user who may create others.</summary>
    public string ConnectionString { get; }

    /// <summary>The run's Postgres, started with the first call; skips the calling test where there can be none.</summary>
    public static async Task<PostgresFixture> StartAsync()
    {
        if (await Shared.Value is { } fixture)
            return fixture;
        Assert.Ignore($"needs Postgres: {TestRun.WhyNoDocker}, POSTGRES_CONNECTION is not set, and {PostgresBinaries.Missing}");
        throw new InvalidOperationException("Assert.Ignore returned");
    }

    /// <summary>Creates an empty database and returns its connection string, whose connections are waited for however slow the machine is.</summary>
    public async Task<string> CreateDatabaseAsync(string stem = "test")
    {
        var created = new NpgsqlConnectionStringBuilder(await PostgresServer.CreateDatabaseAsync(ConnectionString, stem)) { Timeout = 60 }.ConnectionString;
        if (!_droppedWithTheServer)
        {
            var name = new NpgsqlConnectionStringBuilder(created).Database;
            TestRun.WhenOver(() => PostgresServer.ExecuteAsync(ConnectionString, $"DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"));
        }

        return created;
    }

    private static async Task<PostgresFixture?> BeginAsync()
    {
        if (TestRun.WhyNoDocker is null)
            return new PostgresFixture(await TestRun.OneAtATimeAsync("postgres", ContainerPostgres.StartSharedAsync), droppedWithTheServer: true);
        if (Environment.GetEnvironmentVariable("POSTGRES_CONNECTION") is { Length: > 0 } named)
            return new PostgresFixture(named, droppedWithTheServer: false);
        if (PostgresBinaries.Find() is not { } binaries)
            return null;

        var server = new LocalPostgres(binaries);
        TestRun.WhenOver(async () => await server.DisposeAsync());
        await server.StartAsync();
        return new PostgresFixture(server.ConnectionString, droppedWithTheServer: true);
    }
}
