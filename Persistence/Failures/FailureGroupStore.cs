using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Persistence.Stats;
using Persistence.Text;

namespace Persistence.Failures;

/// <summary>
/// Failures by what they share. Groups are counted over all failures of the filter, so a count serves everybody who asks for the same within
/// <see cref="Lifetime"/>. Throws what Npgsql throws.
/// </summary>
public sealed class FailureGroupStore(NpgsqlDataSource dataSource, TimeProvider timeProvider)
{
    /// <summary>How old an answer may be.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private const int Hours = 24;

    // More different questions than people ask within some seconds.
    private const int MostShared = 100;

    private readonly ConcurrentDictionary<string, SharedReading<IReadOnlyList<FailureGroup>>> _shared = new();

    /// <summary>Groups, those with the most open failures first.</summary>
    /// <param name="by">What the failures of a group share.</param>
    /// <param name="filter">Of which failures.</param>
    /// <param name="limit">How many groups at most.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<IReadOnlyList<FailureGroup>> ListAsync(FailureGroupBy by, FailureFilter filter, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        if (_shared.Count > MostShared)
            _shared.Clear();
        var shared = _shared.GetOrAdd($"{by} {limit} {JsonSerializer.Serialize(filter)}", _ => new SharedReading<IReadOnlyList<FailureGroup>>(timeProvider, Lifetime));
        return shared.GetAsync(() => ReadAsync(by, filter, limit), cancellationToken);
    }

    /// <summary>Writes down what is known about a group; null and empty texts are taken away.</summary>
    /// <param name="by">What its failures share.</param>
    /// <param name="key">The value that they share.</param>
    /// <param name="note">The note.</param>
    /// <param name="actor">Who writes it.</param>
    /// <param name="cancellationToken">Gives up; it may be written then.</param>
    public async Task<GroupNote> WriteNoteAsync(FailureGroupBy by, string key, GroupNote note, string actor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(note);
        await using var command = dataSource.CreateCommand("""
            INSERT INTO email.failure_group_notes (by, key, note, owner, ticket, updated_by) VALUES (@by, @key, @note, @owner, @ticket, @actor)
            ON CONFLICT (by, key) DO UPDATE SET
                note = excluded.note, owner = excluded.owner, ticket = excluded.ticket, updated_at = now(), updated_by = excluded.updated_by
            RETURNING note, owner, ticket, updated_at AS note_updated_at, updated_by AS note_updated_by
            """)
            .With("by", by.ToText()).With("key", key).With("actor", actor)
            .Nullable("note", note.Text, NpgsqlDbType.Text)
            .Nullable("owner", note.Owner, NpgsqlDbType.Text)
            .Nullable("ticket", note.Ticket, NpgsqlDbType.Text);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var written = NoteOf(reader)!;
        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        _shared.Clear();
        return written;
    }

    /// <summary>Asks for groups.</summary>
    internal NpgsqlCommand ListCommand(FailureGroupBy by, FailureFilter filter, int limit)
    {
        var (key, from, has, name) = by switch
        {
            FailureGroupBy.Cause => ("f.fingerprint", "", "l.fingerprint = g.key", "fingerprint"),
            FailureGroupBy.Domain => ("k.key", ", unnest(f.domains) AS k (key)", "g.key = ANY (l.domains)", "domain"),
            FailureGroupBy.Code => ("k.key", ", unnest(f.reply_codes) AS k (key)", "g.key = ANY (l.reply_codes)", "code"),
            FailureGroupBy.Sender => ("lower(f.sender)", "", "lower(l.sender) = g.key", "sender"),
            _ => throw new ArgumentOutOfRangeException(nameof(by), by, null),
        };
        // Counted by key and hour in one pass; what came of the last failure is looked up for the groups that are shown alone.
        return dataSource.CreateCommand($"""
            WITH parts AS (
                SELECT {key} AS key, CASE WHEN f.failed_at > now() - interval '{Hours} hours' AND f.failed_at <= now() THEN floor(extract(epoch FROM now() - f.failed_at) / 3600)::integer END AS hours_ago,
                    count(*) FILTER (WHERE f.status = 'unresolved') AS open, count(*) FILTER (WHERE f.status = 'failed_again') AS failed_again, count(*) AS failures,
                    min(f.failed_at) AS first_seen, max(f.failed_at) AS last_seen
                FROM email.failures AS f{from}
                {FailureSearchSql.Where(filter, by == FailureGroupBy.Sender ? "f.sender IS NOT NULL" : null)}
                GROUP BY 1, 2
            ), groups AS (
                SELECT key, sum(open)::bigint AS open, sum(failed_again)::bigint AS failed_again, sum(failures)::bigint AS failures,
                    min(first_seen) AS first_seen, max(last_seen) AS last_seen,
                    coalesce(array_agg(hours_ago) FILTER (WHERE hours_ago IS NOT NULL), ARRAY[]::integer[]) AS hours_ago,
                    coalesce(array_agg(failures::integer) FILTER (WHERE hours_ago IS NOT NULL), ARRAY[]::integer[]) AS in_hour
                FROM parts GROUP BY key
                ORDER BY open DESC, last_seen DESC, key LIMIT @limit
            ), operations AS (
                SELECT DISTINCT ON (o.filter ->> '{name}') o.filter ->> '{name}' AS key, o.id, o.action, o.state, o.created_at
                FROM email.operations AS o WHERE o.filter ->> '{name}' IS NOT NULL
                ORDER BY o.filter ->> '{name}', o.created_at DESC
            )
            SELECT g.*, last.exception_type, last.message, n.note, n.owner, n.ticket, n.updated_at AS note_updated_at, n.updated_by AS note_updated_by,
                o.id AS operation_id, o.action AS operation_action, o.state AS operation_state, o.created_at AS operation_created_at
            FROM groups AS g
            CROSS JOIN LATERAL (SELECT l.exception_type, l.message FROM email.failures AS l WHERE l.failed_at = g.last_seen AND {has} LIMIT 1) AS last
            LEFT JOIN email.failure_group_notes AS n ON n.by = @by AND n.key = g.key
            LEFT JOIN operations AS o ON o.key = g.key
            ORDER BY g.open DESC, g.last_seen DESC, g.key
            """).WithFilter(filter).With("by", by.ToText()).With("limit", limit);
    }

    private async Task<IReadOnlyList<FailureGroup>> ReadAsync(FailureGroupBy by, FailureFilter filter, int limit)
    {
        await using var command = ListCommand(by, filter, limit);
        await using var reader = await command.ExecuteReaderAsync();
        var groups = new List<FailureGroup>();
        while (await reader.ReadAsync())
        {
            var failures = reader.Get<long>("failures");
            var failedAgain = reader.Get<long>("failed_again");
            groups.Add(new FailureGroup
            {
                Key = reader.Get<string>("key"),
                Open = reader.Get<long>("open"),
                FailedAgain = failedAgain,
                Failures = failures,
                Mails = failures - failedAgain,
                FirstSeen = reader.Get<DateTimeOffset>("first_seen"),
                LastSeen = reader.Get<DateTimeOffset>("last_seen"),
                Hours = HoursOf(reader.Get<int[]>("hours_ago"), reader.Get<int[]>("in_hour")),
                ExceptionType = reader.Get<string>("exception_type"),
                Message = reader.Get<string>("message"),
                Note = NoteOf(reader),
                LastOperation = reader.Get<Guid?>("operation_id") is { } operation
                    ? new GroupOperation(operation, reader.Get<string>("operation_action"), reader.Get<string>("operation_state"), reader.Get<DateTimeOffset>("operation_created_at"))
                    : null,
            });
        }

        return groups;
    }

    private static GroupNote? NoteOf(NpgsqlDataReader reader) => reader.Get<string?>("note_updated_by") is not { } by ? null
        : new GroupNote(reader.Get<string?>("note"), reader.Get<string?>("owner"), reader.Get<string?>("ticket"))
        {
            UpdatedAt = reader.Get<DateTimeOffset>("note_updated_at"),
            UpdatedBy = by,
        };

    private static int[] HoursOf(int[] hoursAgo, int[] counts)
    {
        var hours = new int[Hours];
        for (var i = 0; i < hoursAgo.Length; i++)
            hours[Hours - 1 - Math.Clamp(hoursAgo[i], 0, Hours - 1)] += counts[i];
        return hours;
    }
}
