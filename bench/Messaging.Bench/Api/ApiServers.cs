using Messaging.Bench.Delivery;
using Messaging.Bench.Running;
using Npgsql;

namespace Messaging.Bench.Api;

/// <summary>Postgres, with a database of the current schema.</summary>
internal sealed class ApiServers : ISuiteServers
{
    public const string Database = "database";

    private readonly Postgres _postgres;
    private readonly DatabaseTemplate _database;

    private ApiServers(Postgres postgres, DatabaseTemplate database)
    {
        _postgres = postgres;
        _database = database;
        Addresses = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Database] = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = database.Name }.ConnectionString,
        };
    }

    public IReadOnlyDictionary<string, string> Addresses { get; }

    public IReadOnlyList<string> Description => [$"postgres {_postgres.Description}", "clients  and servers are processes of their own, over 127.0.0.1"];

    public static async Task<ISuiteServers> StartAsync(CancellationToken cancellationToken)
    {
        var postgres = await Postgres.FindAsync(cancellationToken);
        return new ApiServers(postgres, await DatabaseTemplate.CreateAsync(postgres.ConnectionString, cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await _postgres.DisposeAsync();
    }
}
