using Npgsql;
using NpgsqlTypes;

namespace Persistence.Workers;

/// <summary>What a heartbeat found.</summary>
public enum Heartbeat
{
    /// <summary>The lease was unbroken and is renewed.</summary>
    Unbroken,

    /// <summary>The lease had run out; it is renewed, but what this worker was sending may have been taken over.</summary>
    Lapsed,

    /// <summary>No such worker, or it was stopped: register again.</summary>
    Unknown,
}

/// <summary>Why nothing is sent.</summary>
/// <param name="Reason">Why, in words for people.</param>
/// <param name="Since">Since when, where that is known.</param>
public sealed record Pause(string Reason, DateTimeOffset? Since);

/// <summary>Another worker at a relay.</summary>
/// <param name="Id">The worker.</param>
/// <param name="Relay">The relay; null where the worker has one alone.</param>
/// <param name="Present">Mails that the mail server accepted of it in the last second.</param>
/// <param name="Allowed">Mails a second that it may send; null where nothing limits them.</param>
public sealed record OtherWorker(Guid Id, string? Relay, double Present, double? Allowed);

/// <summary>A worker as people see it.</summary>
/// <param name="Id">The worker.</param>
/// <param name="Name">Host and process id.</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="HeartbeatAt">When it was heard of last.</param>
/// <param name="IsLive">Whether its lease lasts.</param>
public sealed record RunningWorker(Guid Id, string Name, DateTimeOffset StartedAt, DateTimeOffset HeartbeatAt, bool IsLive)
{
    /// <summary>Why it sends nothing; null while it sends.</summary>
    public Pause? Pause { get; init; }

    /// <summary>Mails that the mail server accepted of it in the second before its last heartbeat; null where it does not tell.</summary>
    public double? Present { get; init; }

    /// <summary>Mails a second that it may send; null where nothing limits them.</summary>
    public double? Allowed { get; init; }

    /// <summary>Connections that the mail server allows it.</summary>
    public int? Connections { get; init; }
}

/// <summary>
/// Workers and their leases. All times are the clock of Postgres, so workers whose clocks differ agree on whose lease
/// lasts. A worker that wants to know by itself whether its lease still lasts counts from before the call, by its own
/// monotonic clock.
/// </summary>
public sealed class WorkerStore(NpgsqlDataSource dataSource)
{
    /// <summary>Registers a started worker and gives it its first lease.</summary>
    /// <param name="name">Host and process id, for people.</param>
    /// <param name="lease">How long the lease lasts without a heartbeat.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The worker's id, new with each start.</returns>
    public async Task<Guid> RegisterAsync(string name, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lease, TimeSpan.Zero);
        var id = Guid.CreateVersion7();
        await using var command = dataSource.CreateCommand("""
            INSERT INTO email.workers (id, name, started_at, heartbeat_at, lease_until)
            VALUES (@id, @name, now(), now(), now() + @lease)
            """)
            .With("id", id).With("name", name).With("lease", lease);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return id;
    }

    /// <summary>Renews the lease of a worker, and with it of all mails that it is sending.</summary>
    /// <param name="workerId">The worker.</param>
    /// <param name="lease">How long the lease lasts from now.</param>
    /// <param name="pause">Why the worker sends nothing now; null while it does.</param>
    /// <param name="pace">How fast it sends; null where it does not tell.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Heartbeat> HeartbeatAsync(Guid workerId, TimeSpan lease, Pause? pause, WorkerPace? pace, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lease, TimeSpan.Zero);
        // The row is locked before its old lease is read: the result is about the very lease that is replaced.
        await using var command = dataSource.CreateCommand("""
            WITH before AS (
                SELECT id, lease_until FROM email.workers WHERE id = @id AND stopped_at IS NULL FOR NO KEY UPDATE)
            UPDATE email.workers AS w SET heartbeat_at = now(), lease_until = now() + @lease, paused_since = @paused_since, paused_reason = @paused_reason,
                rate_present = @rate_present, rate_allowed = @rate_allowed, throttled_replies = @throttled_replies, connections_allowed = @connections_allowed, relays = @relays
            FROM before WHERE w.id = before.id
            RETURNING before.lease_until > now()
            """)
            .With("id", workerId).With("lease", lease).With("paused_since", pause?.Since).Nullable("paused_reason", pause?.Reason, NpgsqlDbType.Text)
            .Nullable("rate_present", pace?.Present, NpgsqlDbType.Double).Nullable("rate_allowed", pace?.Allowed, NpgsqlDbType.Double)
            .Nullable("throttled_replies", pace?.Throttled, NpgsqlDbType.Bigint).Nullable("connections_allowed", pace?.Connections, NpgsqlDbType.Integer)
            .Nullable("relays", RelayJson.Write(pace?.Relays ?? []), NpgsqlDbType.Jsonb);
        return await command.ExecuteCommittedScalarAsync(cancellationToken) switch
        {
            true => Heartbeat.Unbroken,
            false => Heartbeat.Lapsed,
            _ => Heartbeat.Unknown,
        };
    }

    /// <summary>Why no worker sends anything now: each of them pauses, or there is none. Null where one sends.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Pause?> FindPauseAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand($"""
            SELECT l.workers, l.paused, p.paused_since, p.paused_reason, (SELECT max(lease_until) FROM email.workers) AS last_lease
            FROM (SELECT count(*) AS workers, count(paused_reason) AS paused FROM {WorkerSql.Live} AS live) AS l
            LEFT JOIN LATERAL (
                SELECT paused_since, paused_reason FROM {WorkerSql.Live} AS live
                WHERE paused_reason IS NOT NULL ORDER BY paused_since LIMIT 1) AS p ON true
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (reader.Get<long>("workers") == 0)
            return new Pause("No worker is running.", reader.Get<DateTimeOffset?>("last_lease"));
        return reader.Get<long>("paused") == reader.Get<long>("workers") ? new Pause(reader.Get<string>("paused_reason"), reader.Get<DateTimeOffset?>("paused_since")) : null;
    }

    /// <summary>The pace of all workers whose lease lasts, together, as their last heartbeats told it.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<WorkerPace> FindPaceAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand($"""
            SELECT coalesce(sum(rate_present), 0) AS present, CASE WHEN count(*) = count(rate_allowed) THEN sum(rate_allowed) END AS allowed,
                coalesce(sum(throttled_replies), 0)::bigint AS throttled, coalesce(sum(connections_allowed), 0)::int AS connections
            FROM {WorkerSql.Live} AS live WHERE connections_allowed IS NOT NULL
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var all = new WorkerPace(reader.Get<double>("present"), reader.Get<double?>("allowed"), reader.Get<long>("throttled"), reader.Get<int>("connections"));
        return all with { Relays = await FindRelaysAsync(cancellationToken) };
    }

    private async Task<IReadOnlyList<RelayReport>> FindRelaysAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand($"""
            SELECT r.name, coalesce(sum(r.rate_present), 0) AS present, CASE WHEN count(*) = count(r.rate_allowed) THEN sum(r.rate_allowed) END AS allowed,
                coalesce(sum(r.throttled_replies), 0)::bigint AS throttled, coalesce(sum(r.connections_allowed), 0)::int AS connections,
                min(r.unavailable_since) AS since, (array_agg(r.unavailable_reason ORDER BY r.unavailable_since))[1] AS reason
            FROM {WorkerSql.Live} AS live, jsonb_to_recordset(live.relays) AS r (
                name text, rate_present double precision, rate_allowed double precision, throttled_replies bigint, connections_allowed integer,
                unavailable_since timestamptz, unavailable_reason text)
            GROUP BY r.name ORDER BY r.name
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var relays = new List<RelayReport>();
        while (await reader.ReadAsync(cancellationToken))
        {
            relays.Add(new RelayReport(
                reader.Get<string>("name"), new WorkerPace(reader.Get<double>("present"), reader.Get<double?>("allowed"), reader.Get<long>("throttled"), reader.Get<int>("connections")))
            {
                UnavailableSince = reader.Get<DateTimeOffset?>("since"),
                UnavailableReason = reader.Get<string?>("reason"),
            });
        }

        // One instance for none, so that two that tell of none are equal.
        if (relays.Count == 0)
            return [];
        return relays;
    }

    /// <summary>The workers that did not stop in an orderly way and were heard of within a day, by their names: those whose lease is over may have crashed.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<RunningWorker>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand("""
            SELECT id, name, started_at, heartbeat_at, lease_until > now() AS is_live, paused_since, paused_reason, rate_present, rate_allowed, connections_allowed
            FROM email.workers WHERE stopped_at IS NULL AND heartbeat_at > now() - interval '1 day'
            ORDER BY lease_until > now() DESC, name, started_at
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var workers = new List<RunningWorker>();
        while (await reader.ReadAsync(cancellationToken))
        {
            workers.Add(new RunningWorker(reader.Get<Guid>("id"), reader.Get<string>("name"), reader.Get<DateTimeOffset>("started_at"), reader.Get<DateTimeOffset>("heartbeat_at"), reader.Get<bool>("is_live"))
            {
                Pause = reader.Get<string?>("paused_reason") is { } reason ? new Pause(reason, reader.Get<DateTimeOffset?>("paused_since")) : null,
                Present = reader.Get<double?>("rate_present"),
                Allowed = reader.Get<double?>("rate_allowed"),
                Connections = reader.Get<int?>("connections_allowed"),
            });
        }

        return workers;
    }

    /// <summary>The other workers whose lease lasts, with their pace at each relay as their last heartbeats told it.</summary>
    /// <param name="workerId">The worker that asks.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<OtherWorker>> FindOthersAsync(Guid workerId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand($"""
            SELECT live.id, r.name, coalesce(r.rate_present, live.rate_present, 0) AS present, CASE WHEN r.name IS NULL THEN live.rate_allowed ELSE r.rate_allowed END AS allowed
            FROM {WorkerSql.Live} AS live
            LEFT JOIN LATERAL jsonb_to_recordset(live.relays) AS r (name text, rate_present double precision, rate_allowed double precision) ON true
            WHERE live.id <> @id
            """)
            .With("id", workerId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var others = new List<OtherWorker>();
        while (await reader.ReadAsync(cancellationToken))
            others.Add(new OtherWorker(reader.Get<Guid>("id"), reader.Get<string?>("name"), reader.Get<double>("present"), reader.Get<double?>("allowed")));
        return others;
    }

    /// <summary>Ends a worker's lease in an orderly way. Mails that it did not release can be taken over at once.</summary>
    /// <param name="workerId">The worker.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task StopAsync(Guid workerId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("""
            UPDATE email.workers SET stopped_at = now(), lease_until = least(lease_until, now())
            WHERE id = @id AND stopped_at IS NULL
            """)
            .With("id", workerId);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
