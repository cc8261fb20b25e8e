using System.Globalization;
using Npgsql;
using NUnit.Framework;

namespace Testing;

/// <summary>A Postgres server of the caller's own, to stop, kill and freeze; its address stays the same through all of it.</summary>
public abstract class PostgresServer : IAsyncDisposable
{
    private protected static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    // Tests lose nothing when the machine does, and open more connections than a small service. A killed server must keep what it
    // has committed, as tests of outages do that: Testcontainers' own default turns synchronous_commit off.
    private protected static readonly string[] Settings =
        ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=on", "-c", "max_connections=300"];

    private protected PostgresServer(int port) => Port = port;

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Connects as superuser to the database <c>postgres</c>.</summary>
    public string ConnectionString => ConnectionStringTo("postgres");

    /// <summary>
    /// Starts a server: a container where Docker answers, else one from the machine's binaries; skips the calling test where there is neither.
    /// </summary>
    public static async Task<PostgresServer> StartOwnAsync()
    {
        PostgresServer server;
        if (TestRun.WhyNoDocker is null)
            server = ContainerPostgres.Own();
        else if (PostgresBinaries.Find() is { } binaries)
            server = new LocalPostgres(binaries);
        else
        {
            Assert.Ignore($"needs a Postgres server of its own: {TestRun.WhyNoDocker}, and {PostgresBinaries.Missing}");
            throw new InvalidOperationException("Assert.Ignore returned");
        }

        await server.StartAsync();
        return server;
    }

    /// <summary>Connects as superuser to a database.</summary>
    public string ConnectionStringTo(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = "postgres",
        Password = "postgres",
        Database = database,
        MaxPoolSize = 30,
        IncludeErrorDetail = true,
    }.ConnectionString;

    /// <summary>Creates an empty database and returns its connection string.</summary>
    public Task<string> CreateDatabaseAsync(string stem = "test") => CreateDatabaseAsync(ConnectionString, stem);

    /// <summary>Writes a backup of a database, as <c>pg_dump -Fc</c> does, and returns where it lies.</summary>
    public async Task<string> DumpAsync(string database)
    {
        var file = $"/tmp/{database}-{Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..8]}.dump";
        await RunToolAsync("pg_dump", "-Fc", "-d", database, "-f", file);
        return file;
    }

    /// <summary>Puts an empty database in the place of one, and restores a backup into it.</summary>
    public async Task RestoreAsync(string database, string dump)
    {
        await ExecuteAsync(ConnectionString, $"DROP DATABASE \"{database}\" WITH (FORCE)");
        await ExecuteAsync(ConnectionString, $"CREATE DATABASE \"{database}\"");
        await RunToolAsync("pg_restore", "-d", database, "--exit-on-error", dump);
    }

    /// <summary>Starts it (again, on its data) and returns when it answers.</summary>
    public async Task StartAsync()
    {
        await LaunchAsync();
        await Eventually.Until(AnswersAsync, Deadline, $"Postgres on port {Port} answers");
    }

    /// <summary>Stops it in order: clients are cut off, everything is written.</summary>
    public abstract Task StopAsync();

    /// <summary>SIGKILL to all of it, as a crash of its machine.</summary>
    public abstract Task KillAsync();

    /// <summary>Holds all of it: connections stay, nothing answers.</summary>
    public abstract Task FreezeAsync();

    /// <summary>Ends <see cref="FreezeAsync"/>.</summary>
    public abstract Task ThawAsync();

    /// <summary>Kills it and deletes its data.</summary>
    public abstract ValueTask DisposeAsync();

    internal static async Task<string> CreateDatabaseAsync(string server, string stem)
    {
        var name = $"{stem}_{Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..12]}";
        await ExecuteAsync(server, $"CREATE DATABASE \"{name}\"");
        return new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 30, IncludeErrorDetail = true }.ConnectionString;
    }

    internal static async Task ExecuteAsync(string connectionString, string sql)
    {
        // Not pooled: a connection kept open would hinder dropping, and stopping in order.
        var own = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
        await using var connection = new NpgsqlConnection(own);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs one of Postgres' tools beside the server, as its superuser.</summary>
    private protected abstract Task RunToolAsync(string tool, params string[] arguments);

    private protected abstract Task LaunchAsync();

    /// <summary>Whether it answers; throws where it never will.</summary>
    private protected virtual async Task<bool> AnswersAsync()
    {
        await ExecuteAsync(new NpgsqlConnectionStringBuilder(ConnectionString) { Timeout = 2, CommandTimeout = 2 }.ConnectionString, "SELECT 1");
        return true;
    }
}
