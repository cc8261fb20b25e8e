using Npgsql;
using NpgsqlTypes;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Text;

namespace Persistence.Operations;

/// <summary>
/// Operations: what is done with many failures, or mails, at once. Their set is written down when they begin; whichever instance of the API has the
/// lease works it off, batch by batch, each batch one transaction with its decisions and their audit, so that a process that dies anywhere
/// leaves an operation that another goes on with. Throws what Npgsql throws.
/// </summary>
public sealed class OperationStore(NpgsqlDataSource dataSource)
{
    private const string Done = "done";

    // Of the records of one batch, which is held in memory.
    private const long MostBytes = 16_777_216;

    // Such a set is written in one statement, which a short time limit for single statements would cut off.
    private static readonly TimeSpan FreezeTimeout = TimeSpan.FromMinutes(5);

    /// <summary>How many failures, or mails, an operation would have.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<long> CountAsync(NewOperation operation, CancellationToken cancellationToken = default)
    {
        await using var command = With(dataSource.CreateCommand($"SELECT count(*) FROM ({Set(operation)}) AS set"), operation);
        command.CommandTimeout = (int)FreezeTimeout.TotalSeconds;
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The first mails that an operation would cancel.</summary>
    /// <param name="operation">A cancel.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<Guid>> SampleAsync(NewOperation operation, int limit, CancellationToken cancellationToken = default)
    {
        await using var command = With(dataSource.CreateCommand($"SELECT id FROM ({Set(operation)}) AS set ORDER BY ordinal LIMIT @limit"), operation).With("limit", limit);
        command.CommandTimeout = (int)FreezeTimeout.TotalSeconds;
        return await command.ReadIdsAsync(cancellationToken);
    }

    /// <summary>Begins an operation: from now on its set does not change.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="cancellationToken">Gives up; it may have begun then.</param>
    public async Task<Operation> BeginAsync(NewOperation operation, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operation);
        await using var command = With(dataSource.CreateCommand(OperationSql.Begin(Set(operation), operation.Action == OperationAction.Cancel ? "mail_id" : "failure_id")), operation)
            .With("id", Guid.CreateVersion7())
            .With("action", operation.Action.ToText())
            .With("actor", operation.Actor)
            .Nullable("filter", operation.FilterJson, NpgsqlDbType.Jsonb)
            .Nullable("reason", operation.Reason, NpgsqlDbType.Text)
            .Nullable("rate", operation.RatePerSecond, NpgsqlDbType.Integer)
            .Nullable("stop_after", operation.StopAfterFailures, NpgsqlDbType.Integer);
        command.CommandTimeout = (int)FreezeTimeout.TotalSeconds;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var begun = Read(reader);
        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return begun;
    }

    /// <summary>Claims operations that run and that no instance works on.</summary>
    /// <param name="leaseId">Who claims: another id each time, so that whoever had it before is told apart.</param>
    /// <param name="lease">For how long; each batch begins it again.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="replays">Whether replays are among them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<(Guid Id, int? RatePerSecond)>> ClaimAsync(
        Guid leaseId, TimeSpan lease, int limit, bool replays = true, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(OperationSql.Claim).With("lease_id", leaseId).With("lease", lease).With("limit", limit).With("replays", replays);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var claimed = new List<(Guid, int?)>();
        while (await reader.ReadAsync(cancellationToken))
            claimed.Add((reader.Get<Guid>("id"), reader.Get<int?>("rate_per_second")));
        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return claimed;
    }

    /// <summary>Does what the operation asks with the next of its set; null where it does not run any more, or is another's.</summary>
    /// <param name="id">The operation.</param>
    /// <param name="leaseId">By which it was claimed.</param>
    /// <param name="lease">For how long it stays claimed.</param>
    /// <param name="limit">With how many at most.</param>
    /// <param name="accepted">Of a mail that was named by its id: whether the caller knows that it was accepted, so that one without a row is canceled as well. Null: of none.</param>
    /// <param name="cancellationToken">Gives up; the batch may have been done then, and the sweep of pending replays produces what it holds.</param>
    public async Task<OperationBatch?> RunBatchAsync(
        Guid id, Guid leaseId, TimeSpan lease, int limit, Func<Guid, KnownMail?>? accepted = null, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LockAsync(transaction, id, leaseId, lease, cancellationToken) is not { } operation)
            return null;

        var isStopped = operation.StopAfter is { } stopAfter && await HasFailedAsync(transaction, id, stopAfter, cancellationToken);
        var ids = isStopped ? [] : await NextAsync(transaction, id, operation.Position, limit, cancellationToken);
        var decided = operation.Action == OperationAction.Cancel
            ? new DecidedFailures([], await MailCancels.CancelAsync(
                transaction, ids, operation.IsNamed && accepted is not null ? [.. ids.Select(accepted).OfType<KnownMail>()] : [], operation.Actor, cancellationToken))
            : await FailureDecisions.DecideAsync(
                transaction, ids, new FailureDecision(DecisionOf(operation.Action), operation.Actor, operation.Reason, id), cancellationToken);
        var state = isStopped ? OperationState.Stopped : operation.Position + ids.Count >= operation.Matched ? OperationState.Completed : OperationState.Running;
        await AdvanceAsync(transaction, id, operation.Position, ids, decided, state, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new OperationBatch(decided.Replays, ids.Count, state);
    }

    /// <summary>Gives an operation back: another instance may claim it after a pause.</summary>
    /// <param name="id">The operation.</param>
    /// <param name="leaseId">By which it was claimed.</param>
    /// <param name="pause">Not before this time is over.</param>
    /// <param name="cancellationToken">Gives up; then its lease runs out.</param>
    public async Task ReleaseAsync(Guid id, Guid leaseId, TimeSpan pause, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(OperationSql.Release).With("id", id).With("lease_id", leaseId).With("pause", pause);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Pauses a running operation: no batch begins after it.</summary>
    /// <returns>The operation; null where it does not run, or there is none.</returns>
    public Task<Operation?> PauseAsync(Guid id, string actor, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, OperationState.Paused, [OperationState.Running], actor, cancellationToken);

    /// <summary>Goes on with an operation that is paused.</summary>
    /// <returns>The operation; null where it is not paused, or there is none.</returns>
    public Task<Operation?> ResumeAsync(Guid id, string actor, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, OperationState.Running, [OperationState.Paused], actor, cancellationToken);

    /// <summary>Ends an operation: what it has done stays done.</summary>
    /// <returns>The operation; null where it has ended, or there is none.</returns>
    public Task<Operation?> CancelAsync(Guid id, string actor, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, OperationState.Canceled, [OperationState.Running, OperationState.Paused], actor, cancellationToken);

    /// <summary>An operation; null where there is none.</summary>
    public async Task<Operation?> FindAsync(Guid id, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(OperationSql.Find).With("id", id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    /// <summary>Operations, newest first, page by page.</summary>
    /// <param name="state">In which state; null: in any.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cursor">The page before's <see cref="OperationPage.NextCursor"/>; null for the first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FormatException">The cursor is not one that this method returned.</exception>
    public async Task<OperationPage> ListAsync(OperationState? state, int limit, string? cursor = null, CancellationToken cancellationToken = default)
    {
        var after = PageCursor.Parse(cursor);
        await using var command = dataSource.CreateCommand(OperationSql.List)
            .With("at", after?.At).Nullable("after", after?.Id, NpgsqlDbType.Uuid).Nullable("state", state?.ToText(), NpgsqlDbType.Text).With("limit", limit + 1);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<Operation>();
        while (await reader.ReadAsync(cancellationToken))
            found.Add(Read(reader));
        return new OperationPage(found, found.CutTo(limit) ? new PageCursor(found[^1].CreatedAt, found[^1].Id).ToString() : null);
    }

    /// <summary>What came of an operation so far.</summary>
    public async Task<OperationProgress> FindProgressAsync(Operation operation, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return new OperationProgress(
            await CountByAsync<Refusal>(OperationSql.Refusals, "outcome", operation.Id, cancellationToken),
            await CountByAsync<FailureStatus>(OperationSql.Outcomes, "status", operation.Id, cancellationToken),
            await CountRecentAsync(operation, cancellationToken) / 10.0);
    }

    private static FailureActionKind DecisionOf(OperationAction action) => action switch
    {
        OperationAction.Replay => FailureActionKind.Replay,
        OperationAction.Discard => FailureActionKind.Discard,
        OperationAction.Restore => FailureActionKind.Restore,
        _ => throw new ArgumentOutOfRangeException(nameof(action), action, null),
    };

    // Numbered in the order in which they are met. Ids that are not failures, or mails, are met and refused.
    private static string Set(NewOperation operation)
    {
        if (operation.Ids is not null)
            return "SELECT id, ordinal FROM unnest(@ids) WITH ORDINALITY AS g (id, ordinal) LIMIT @most";
        var direction = operation.Order == FailureOrder.Newest ? "DESC" : "ASC";
        if (operation.Mails is { } mails)
        {
            return $"""
                SELECT m.id, row_number() OVER (ORDER BY m.created_at {direction}, m.id {direction}) AS ordinal
                FROM email.mails AS m {MailSearch.Where(mails, MailCancels.MayBe)} ORDER BY m.created_at {direction}, m.id {direction} LIMIT @most
                """;
        }

        return $"""
            SELECT f.id, row_number() OVER (ORDER BY f.failed_at {direction}, f.id {direction}) AS ordinal
            FROM email.failures AS f {FailureSearchSql.Where(operation.Filter!)} ORDER BY f.failed_at {direction}, f.id {direction} LIMIT @most
            """;
    }

    private static NpgsqlCommand With(NpgsqlCommand command, NewOperation operation)
    {
        command.With("most", operation.Limit ?? int.MaxValue);
        return operation switch
        {
            { Ids: { } ids } => command.With("ids", ids.ToArray()),
            { Mails: { } mails } => MailSearch.With(command, mails),
            _ => command.WithFilter(operation.Filter!),
        };
    }

    private static async Task<(OperationAction Action, string Actor, string? Reason, int? StopAfter, int Matched, int Position, bool IsNamed)?> LockAsync(
        NpgsqlTransaction transaction, Guid id, Guid leaseId, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(OperationSql.Lock, transaction.Connection, transaction).With("id", id).With("lease_id", leaseId).With("lease", lease);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (reader.GetEnum<OperationAction>("action"), reader.Get<string>("created_by"), reader.Get<string?>("reason"), reader.Get<int?>("stop_after_failures"),
                reader.Get<int>("matched"), reader.Get<int>("position"), reader.Get<bool>("is_named"))
            : null;
    }

    private static async Task<bool> HasFailedAsync(NpgsqlTransaction transaction, Guid id, int stopAfter, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(OperationSql.HasFailed, transaction.Connection, transaction).With("id", id).With("stop_after", stopAfter);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static async Task<List<Guid>> NextAsync(NpgsqlTransaction transaction, Guid id, int position, int limit, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(OperationSql.Next, transaction.Connection, transaction).With("id", id).With("position", position).With("limit", limit).With("most_bytes", MostBytes);
        return await command.ReadIdsAsync(cancellationToken);
    }

    private static async Task AdvanceAsync(
        NpgsqlTransaction transaction, Guid id, int position, List<Guid> ids, DecidedFailures decided, OperationState state, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(OperationSql.Advance, transaction.Connection, transaction)
            .With("id", id).With("position", position).With("item_ids", ids.ToArray())
            .With("outcomes", ids.ConvertAll(item => decided.Refusals.TryGetValue(item, out var refusal) ? refusal.ToText() : Done).ToArray())
            .With("done", ids.Count - decided.Refusals.Count).With("refused", decided.Refusals.Count).With("state", state.ToText());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<Operation?> ChangeAsync(Guid id, OperationState state, OperationState[] from, string actor, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(OperationSql.Change)
            .With("id", id).With("state", state.ToText()).With("from", from.Select(one => one.ToText()).ToArray()).With("actor", actor);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var changed = await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return changed;
    }

    private async Task<Dictionary<T, int>> CountByAsync<T>(string sql, string column, Guid id, CancellationToken cancellationToken)
        where T : struct, Enum
    {
        await using var command = dataSource.CreateCommand(sql).With("id", id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var counts = new Dictionary<T, int>();
        while (await reader.ReadAsync(cancellationToken))
            counts[reader.GetEnum<T>(column)] = reader.Get<int>("count");
        return counts;
    }

    private async Task<long> CountRecentAsync(Operation operation, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(OperationSql.Recent).With("id", operation.Id).With("position", operation.Done + operation.Refused);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static Operation Read(NpgsqlDataReader reader) => new(
        reader.Get<Guid>("id"), reader.GetEnum<OperationAction>("action"), reader.GetEnum<OperationState>("state"))
    {
        Filter = reader.Get<string?>("filter"),
        Reason = reader.Get<string?>("reason"),
        RatePerSecond = reader.Get<int?>("rate_per_second"),
        StopAfterFailures = reader.Get<int?>("stop_after_failures"),
        Matched = reader.Get<int>("matched"),
        Done = reader.Get<int>("done"),
        Refused = reader.Get<int>("refused"),
        CreatedBy = reader.Get<string>("created_by"),
        CreatedAt = reader.Get<DateTimeOffset>("created_at"),
        ChangedBy = reader.Get<string?>("changed_by"),
        UpdatedAt = reader.Get<DateTimeOffset>("updated_at"),
        EndedAt = reader.Get<DateTimeOffset?>("ended_at"),
    };
}
