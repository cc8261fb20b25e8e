using Messaging.Bench.Api;
using Messaging.Bench.Delivery;
using Messaging.Bench.Running;
using Npgsql;

namespace Messaging.Bench.Failures;

/// <summary>Postgres with a database of a million failures, of fifty causes, ten domains with a million recipients, and a hundred senders; and a mail server for the worker.</summary>
internal sealed class FailuresServers : ISuiteServers
{
    private const int Count = 1_000_000;

    private readonly Postgres _postgres;
    private readonly DatabaseTemplate _filled;
    private readonly DatabaseTemplate _template;
    private readonly SinkProcess _sink;

    private FailuresServers(Postgres postgres, DatabaseTemplate filled, DatabaseTemplate template, SinkProcess sink)
    {
        (_postgres, _filled, _template, _sink) = (postgres, filled, template, sink);
        Addresses = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [ApiServers.Database] = Connection(postgres, filled),
            [DeliveryServers.Database] = postgres.ConnectionString,
            [DeliveryServers.Template] = template.Name,
            [DeliveryServers.Instant] = sink.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
    }

    public IReadOnlyDictionary<string, string> Addresses { get; }

    public IReadOnlyList<string> Description => [$"postgres {_postgres.Description}, {Count:#,0} failures", "client, API and worker are processes of their own, over 127.0.0.1"];

    public static async Task<ISuiteServers> StartAsync(CancellationToken cancellationToken)
    {
        var postgres = await Postgres.FindAsync(cancellationToken);
        var template = await DatabaseTemplate.CreateAsync(postgres.ConnectionString, cancellationToken);
        var filled = await DatabaseTemplate.CreateAsync(postgres.ConnectionString, cancellationToken);
        await FailureRows.FillAsync(Connection(postgres, filled), Count, "Bench", "now() - n * interval '1 second'", cancellationToken);
        await Postgres.ExecuteAsync(Connection(postgres, filled), "VACUUM ANALYZE email.failures", cancellationToken);
        return new FailuresServers(postgres, filled, template, await SinkProcess.StartAsync(TimeSpan.Zero));
    }

    public async ValueTask DisposeAsync()
    {
        await _sink.DisposeAsync();
        await _filled.DisposeAsync();
        await _template.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    private static string Connection(Postgres postgres, DatabaseTemplate database) =>
        new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = database.Name, CommandTimeout = 600 }.ConnectionString;
}
