using Messaging.Bench.Running;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Persistence;
using Persistence.Schema;

namespace Messaging.Bench.Delivery;

/// <summary>
/// An empty database of the current schema, which the new database of each worker is a copy of. Migrated by the process that measures
/// nothing: a worker does not do that, and what it takes of the compiler would go on into what is measured.
/// </summary>
internal sealed class DatabaseTemplate : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly string _server;

    private DatabaseTemplate(string server, string name) => (_server, Name) = (server, name);

    public string Name { get; }

    public static async Task<DatabaseTemplate> CreateAsync(string server, CancellationToken cancellationToken)
    {
        var template = new DatabaseTemplate(server, $"bench_template_{Guid.NewGuid():N}");
        await Postgres.ExecuteAsync(server, $"CREATE DATABASE {template.Name}", cancellationToken);
        // Nobody may be connected to a database that is copied.
        var connection = new NpgsqlConnectionStringBuilder(server) { Database = template.Name, Pooling = false }.ConnectionString;
        await using var services = new ServiceCollection().AddLogging()
            .Configure<DatabaseOptions>(options => options.ConnectionString = connection).AddPersistence().BuildServiceProvider();
        await services.GetRequiredService<Migrator>().MigrateAsync(Timeout, cancellationToken);
        return template;
    }

    public async ValueTask DisposeAsync() => await Postgres.ExecuteAsync(_server, $"DROP DATABASE {Name} WITH (FORCE)");
}
