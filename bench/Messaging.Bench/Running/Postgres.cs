using DotNet.Testcontainers.Configurations;
using Npgsql;
using Testcontainers.PostgreSql;

namespace Messaging.Bench.Running;

/// <summary>
/// The Postgres that is measured on: the server that <c>POSTGRES_CONNECTION</c> names, by a user who may create databases, else a
/// container of this run. Neither is told to be quicker than safe: a commit is on disk when it is acknowledged.
/// </summary>
internal sealed class Postgres : IAsyncDisposable
{
    /// <summary>The image; the same as in docker-compose.yml.</summary>
    private const string Image = "postgres:17";

    private readonly PostgreSqlContainer? _container;

    private Postgres(string connectionString, string description, PostgreSqlContainer? container)
    {
        ConnectionString = connectionString;
        Description = description;
        _container = container;
    }

    public string ConnectionString { get; }

    /// <summary>What it is, for the head of a report.</summary>
    public string Description { get; }

    /// <summary>Finds or starts it.</summary>
    /// <exception cref="NoServerException">There is none.</exception>
    public static async Task<Postgres> FindAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("POSTGRES_CONNECTION") is { Length: > 0 } named)
            return new Postgres(named, await DescribeAsync(named, "named by POSTGRES_CONNECTION", cancellationToken), null);
        if (TestcontainersSettings.OS.DockerEndpointAuthConfig is null)
            throw new NoServerException("this benchmark needs Postgres: name a server in POSTGRES_CONNECTION (such as \"Host=localhost;Username=postgres\"), or start a Docker engine");

        var container = new PostgreSqlBuilder(Image).WithCommand("-c", "synchronous_commit=on", "-c", "fsync=on", "-c", "full_page_writes=on").Build();
        await container.StartAsync(cancellationToken);
        return new Postgres(container.GetConnectionString(), await DescribeAsync(container.GetConnectionString(), Image, cancellationToken), container);
    }

    /// <summary>Runs a statement on a server, on a connection of its own.</summary>
    public static async Task ExecuteAsync(string connectionString, string sql, CancellationToken cancellationToken = default)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_container is not null)
            await _container.DisposeAsync();
    }

    private static async Task<string> DescribeAsync(string connectionString, string origin, CancellationToken cancellationToken)
    {
        try
        {
            await using var source = NpgsqlDataSource.Create(connectionString);
            await using var command = source.CreateCommand(
                "SELECT format('PostgreSQL %s, fsync %s, synchronous_commit %s', current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'))");
            return $"{await command.ExecuteScalarAsync(cancellationToken)}, {origin}";
        }
        catch (NpgsqlException exception)
        {
            throw new NoServerException($"Postgres, {origin}, cannot be used: {exception.Message}");
        }
    }
}
