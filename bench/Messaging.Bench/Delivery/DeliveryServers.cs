using System.Globalization;
using Messaging.Bench.Running;

namespace Messaging.Bench.Delivery;

/// <summary>Postgres, and a mail server each that answers at once and by 5 ms later.</summary>
internal sealed class DeliveryServers : ISuiteServers
{
    public const string Database = "postgres";
    public const string Template = "database template";
    public const string Instant = "sink";
    public const string Slow = "slow sink";

    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(5);

    private readonly Postgres _postgres;
    private readonly DatabaseTemplate _template;
    private readonly List<SinkProcess> _sinks;

    private DeliveryServers(Postgres postgres, DatabaseTemplate template, SinkProcess instant, SinkProcess slow)
    {
        _postgres = postgres;
        _template = template;
        _sinks = [instant, slow];
        Addresses = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Database] = postgres.ConnectionString,
            [Template] = template.Name,
            [Instant] = Environment.GetEnvironmentVariable("SMTP_SINK_PORT") is { Length: > 0 } named ? named : Text(instant.Port),
            [Slow] = Text(slow.Port),
        };
    }

    public IReadOnlyDictionary<string, string> Addresses { get; }

    public IReadOnlyList<string> Description =>
        [$"postgres {_postgres.Description}", $"sinks    on 127.0.0.1, port {Addresses[Instant]} answers at once, {Addresses[Slow]} after {Latency.TotalMilliseconds:0} ms; processes of their own"];

    public static async Task<ISuiteServers> StartAsync(CancellationToken cancellationToken)
    {
        var postgres = await Postgres.FindAsync(cancellationToken);
        return new DeliveryServers(
            postgres,
            await DatabaseTemplate.CreateAsync(postgres.ConnectionString, cancellationToken),
            await SinkProcess.StartAsync(TimeSpan.Zero),
            await SinkProcess.StartAsync(Latency));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var sink in _sinks)
            await sink.DisposeAsync();
        await _template.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
