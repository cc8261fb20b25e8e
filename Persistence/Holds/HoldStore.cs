using Npgsql;
using NpgsqlTypes;
using Persistence.Text;

namespace Persistence.Holds;

/// <summary>
/// Holds in Postgres, and the mails that they have. Table <c>email.holds</c>, of which nothing is removed. Throws what Npgsql throws.
/// </summary>
public sealed class HoldStore(NpgsqlDataSource dataSource)
{
    /// <summary>How far the mails of a hold are counted.</summary>
    public const int MostCounted = 1_000_000;

    /// <summary>
    /// Makes a hold. When this returns no worker claims a mail that it is on; what was claimed before is sent. Waits for the claims under way,
    /// which take milliseconds.
    /// </summary>
    /// <param name="hold">The hold.</param>
    /// <param name="actor">Who makes it.</param>
    /// <param name="cancellationToken">Gives up; it may have been made then.</param>
    public async Task<Hold> CreateAsync(NewHold hold, string actor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hold);
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var locked = new NpgsqlCommand(HoldSql.Lock, connection, transaction))
            await locked.ExecuteNonQueryAsync(cancellationToken);
        await using var insert = new NpgsqlCommand(HoldSql.Insert, connection, transaction)
            .With("id", Guid.CreateVersion7())
            .With("scope", hold.Scope.ToText())
            .Nullable("value", hold.Value, NpgsqlDbType.Text)
            .With("mode", hold.Mode.ToText())
            .With("until", hold.Until)
            .With("reason", hold.Reason)
            .With("actor", actor);
        var made = (await ReadAsync(insert, cancellationToken))[0];
        await transaction.CommitAsync(cancellationToken);
        return made;
    }

    /// <summary>A page of holds, the newest first, with how many mails each has.</summary>
    /// <param name="active">Only those in force, or only those that are over; null: both.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="before">The number before which it begins; null for the newest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<HoldPage> ListAsync(bool? active, int limit, long? before = null, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand($"""
            SELECT {HoldSql.Columns}, {HoldSql.Waiting} FROM email.holds AS h
            WHERE (@active IS NULL OR ({HoldSql.Active}) = @active) AND (@before IS NULL OR h.number < @before)
            ORDER BY h.number DESC LIMIT @limit
            """)
            .Nullable("active", active, NpgsqlDbType.Boolean).Nullable("before", before, NpgsqlDbType.Bigint).With("limit", limit + 1).With("most", MostCounted);
        var holds = await ReadAsync(command, cancellationToken);
        return new HoldPage(holds, holds.CutTo(limit) ? holds[^1].Number : null);
    }

    /// <summary>One hold, with how many mails it has; null where there is none of that id.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<Hold?> FindAsync(Guid id, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand($"SELECT {HoldSql.Columns}, {HoldSql.Waiting} FROM email.holds AS h WHERE h.id = @id")
            .With("id", id).With("most", MostCounted);
        return (await ReadAsync(command, cancellationToken)).FirstOrDefault();
    }

    /// <summary>Releases a hold: its mails go on. One that is over stays as it was. Null where there is none of that id.</summary>
    /// <param name="id">The hold.</param>
    /// <param name="actor">Who releases it.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Gives up; it may have been released then.</param>
    public async Task<Hold?> ReleaseAsync(Guid id, string actor, string reason, CancellationToken cancellationToken = default)
    {
        await using (var release = dataSource.CreateCommand(HoldSql.Release).With("id", id).With("actor", actor).With("reason", reason))
            await release.ExecuteNonQueryAsync(cancellationToken);
        return await FindAsync(id, cancellationToken);
    }

    /// <summary>The holds in force.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ActiveHolds> ListActiveAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(HoldSql.ListActive);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (last, holds) = (0L, new List<Hold>());
        while (await reader.ReadAsync(cancellationToken))
        {
            last = reader.Get<long>("last");
            if (reader.Get<Guid?>("id") is not null)
                holds.Add(HoldOf(reader));
        }

        return new ActiveHolds(last, holds);
    }

    /// <summary>The holds that have mails which do not wait any more: released, past their time, or of the mode that cancels.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<HoldToSweep>> ListToSweepAsync(CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(HoldSql.ListToSweep);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var holds = new List<HoldToSweep>();
        while (await reader.ReadAsync(cancellationToken))
            holds.Add(new HoldToSweep(reader.Get<Guid>("hold_id"), reader.GetEnum<HoldMode>("mode"), reader.Get<string>("created_by")));
        return holds;
    }

    /// <summary>
    /// Ends the wait of some mails of a hold: they are due, or canceled, as its mode says. Each goes to one of those who ask at once.
    /// </summary>
    /// <param name="hold">The hold.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up; it may have been done then.</param>
    /// <returns>How many there were.</returns>
    public async Task<int> SweepAsync(HoldToSweep hold, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hold);
        await using var command = dataSource.CreateCommand(hold.Mode == HoldMode.Cancel ? HoldSql.CancelMails : HoldSql.ReleaseMails)
            .With("hold_id", hold.Id).With("limit", limit);
        return hold.Mode == HoldMode.Cancel
            ? await command.With("actor", hold.CreatedBy).ExecuteCommittedScalarAsync(cancellationToken) as int? ?? 0
            : await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<Hold>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var holds = new List<Hold>();
        while (await reader.ReadAsync(cancellationToken))
            holds.Add(HoldOf(reader));
        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return holds;
    }

    private static Hold HoldOf(NpgsqlDataReader reader) => new()
    {
        Id = reader.Get<Guid>("id"),
        Number = reader.Get<long>("number"),
        Scope = reader.GetEnum<HoldScope>("scope"),
        Value = reader.Get<string?>("value"),
        Mode = reader.GetEnum<HoldMode>("mode"),
        IsActive = reader.Get<bool>("active"),
        Until = reader.Get<DateTimeOffset?>("until"),
        Reason = reader.Get<string>("reason"),
        CreatedAt = reader.Get<DateTimeOffset>("created_at"),
        CreatedBy = reader.Get<string>("created_by"),
        ReleasedAt = reader.Get<DateTimeOffset?>("released_at"),
        ReleasedBy = reader.Get<string?>("released_by"),
        ReleaseReason = reader.Get<string?>("release_reason"),
        Waiting = reader.Get<long>("waiting"),
    };
}

/// <summary>A hold whose mails do not wait any more.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Mode">What becomes of them.</param>
/// <param name="CreatedBy">Who made it, for the audit of failures that are resolved with their mails.</param>
public sealed record HoldToSweep(Guid Id, HoldMode Mode, string CreatedBy);
