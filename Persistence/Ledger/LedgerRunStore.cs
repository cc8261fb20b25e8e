using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Persistence.Ledger;

/// <summary>A run of the ledger, as it is remembered.</summary>
/// <param name="StartedAt">When its reading began.</param>
/// <param name="FinishedAt">When it was over.</param>
/// <param name="Records">Records that were read.</param>
/// <param name="Findings">What was missing.</param>
/// <param name="PutBack">How much of that was put back.</param>
public sealed record LedgerRunSummary(DateTimeOffset StartedAt, DateTimeOffset FinishedAt, long Records, long Findings, long PutBack)
{
    /// <summary>Its report, as <c>Consumer.Worker ledger --json</c> prints it, with the first findings alone where there are many; null in a list.</summary>
    public JsonElement? Report { get; init; }
}

/// <summary>Runs of the ledger: table <c>email.ledger_runs</c>. Throws what Npgsql throws.</summary>
public sealed class LedgerRunStore(NpgsqlDataSource dataSource)
{
    /// <summary>How many runs are remembered.</summary>
    public const int Remembered = 1_000;

    /// <summary>Remembers a run, and forgets the oldest where there are too many.</summary>
    /// <param name="run">The run.</param>
    /// <param name="report">Its report as JSON.</param>
    /// <param name="cancellationToken">Gives up; it may be remembered then.</param>
    public async Task AddAsync(LedgerRunSummary run, string report, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        await using var command = dataSource.CreateCommand("""
            WITH forgotten AS (DELETE FROM email.ledger_runs WHERE id <= (SELECT max(id) FROM email.ledger_runs) - @remembered)
            INSERT INTO email.ledger_runs (started_at, records, findings, put_back, report) VALUES (@started_at, @records, @findings, @put_back, @report)
            """)
            .With("remembered", Remembered).With("started_at", run.StartedAt).With("records", run.Records).With("findings", run.Findings).With("put_back", run.PutBack)
            .Nullable("report", report, NpgsqlDbType.Jsonb);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The last runs, the newest first, that one with its report.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<LedgerRunSummary>> ListAsync(int limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        await using var command = dataSource.CreateCommand("""
            SELECT started_at, finished_at, records, findings, put_back, CASE WHEN id = (SELECT max(id) FROM email.ledger_runs) THEN report::text END AS report
            FROM email.ledger_runs ORDER BY id DESC LIMIT @limit
            """).With("limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var runs = new List<LedgerRunSummary>();
        while (await reader.ReadAsync(cancellationToken))
        {
            runs.Add(new LedgerRunSummary(
                reader.Get<DateTimeOffset>("started_at"), reader.Get<DateTimeOffset>("finished_at"), reader.Get<long>("records"), reader.Get<long>("findings"), reader.Get<long>("put_back"))
            {
                Report = reader.Get<string?>("report") is { } report ? JsonElement.Parse(report) : null,
            });
        }

        return runs;
    }
}
