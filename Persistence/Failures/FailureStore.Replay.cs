namespace Persistence.Failures;

public sealed partial class FailureStore
{
    /// <summary>
    /// Records that a failed mail is to be sent again, and raises its row's epoch, so that records of the old one are
    /// dropped. Produce the record that this returns, then call <see cref="MarkReplayedAsync(Guid, CancellationToken)"/>; after a crash in between, whoever
    /// calls <see cref="ClaimPendingReplaysAsync"/> does both.
    /// </summary>
    /// <param name="id">The failure.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="reason">Why; null where none was given.</param>
    /// <param name="cancellationToken">Gives up; it may have been recorded then.</param>
    public async Task<ReplayResult> RequestReplayAsync(Guid id, string actor, string? reason, CancellationToken cancellationToken = default) =>
        ReplayOf(id, await DecideAsync(id, new FailureDecision(FailureActionKind.Replay, actor, reason), cancellationToken));

    /// <summary>
    /// Records that another mail is to be sent in a failed one's place, which is discarded. Produced and marked as a replay is. Whoever comes
    /// second is refused, as a replay's second is.
    /// </summary>
    /// <param name="id">The failure.</param>
    /// <param name="edit">The other mail.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="reason">Why; null where none was given.</param>
    /// <param name="cancellationToken">Gives up; it may have been recorded then.</param>
    public async Task<ReplayResult> RequestEditAsync(Guid id, EditedMail edit, string actor, string? reason, CancellationToken cancellationToken = default) =>
        ReplayOf(id, await DecideAsync(id, new FailureDecision(FailureActionKind.Edit, actor, reason, Edit: edit), cancellationToken));

    /// <summary>Marks a failure as replayed: the record is acknowledged. Marking twice changes nothing.</summary>
    /// <param name="id">The failure.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it was marked by this call.</returns>
    public async Task<bool> MarkReplayedAsync(Guid id, CancellationToken cancellationToken = default) => await MarkReplayedAsync([id], cancellationToken) > 0;

    /// <summary>Marks failures as replayed, in one statement: their records are acknowledged.</summary>
    /// <param name="ids">The failures.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many were marked by this call.</returns>
    public async Task<int> MarkReplayedAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(FailureSql.MarkReplayed).With("ids", ids.ToArray());
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Claims replays that were not published: produce each, then mark it. Producing one twice is
    /// harmless: the second record is stale. Several processes may ask at once; each replay goes to one of them.
    /// </summary>
    /// <param name="olderThan">Only those that no process has claimed for this long: others may be under way.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up; those that were claimed come back after <paramref name="olderThan"/>.</param>
    public async Task<IReadOnlyList<Replay>> ClaimPendingReplaysAsync(
        TimeSpan olderThan, int limit = 100, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        await using var command = dataSource.CreateCommand(FailureSql.ClaimPendingReplays)
            .With("older_than", olderThan).With("limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var pending = new List<Replay>();
        while (await reader.ReadAsync(cancellationToken))
        {
            pending.Add(new Replay(
                reader.Get<Guid>("id"), reader.Get<Guid>("replayed_as"), reader.Get<int>("replay_epoch"), reader.Get<string?>("original_topic"),
                reader.Get<byte[]?>("key"), reader.Get<byte[]?>("value"), HeaderJson.Read(reader.Get<string?>("headers"))));
        }
        await reader.ThrowUnlessCommittedAsync(cancellationToken);
        return pending;
    }

    /// <summary>Discards a failure, and its mail with it.</summary>
    /// <param name="id">The failure.</param>
    /// <param name="actor">Who decides so.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Gives up; it may have been discarded then.</param>
    /// <returns>Null where it was done, else why nothing was changed.</returns>
    public Task<Refusal?> DiscardAsync(Guid id, string actor, string? reason, CancellationToken cancellationToken = default) =>
        RefusalOfAsync(id, FailureActionKind.Discard, actor, reason, cancellationToken);

    /// <summary>Undoes a discard: failure and mail wait for a decision again.</summary>
    /// <param name="id">The failure.</param>
    /// <param name="actor">Who decides so.</param>
    /// <param name="reason">Why; null where none was given.</param>
    /// <param name="cancellationToken">Gives up; it may have been restored then.</param>
    /// <returns>Null where it was done, else why nothing was changed.</returns>
    public Task<Refusal?> RestoreAsync(Guid id, string actor, string? reason, CancellationToken cancellationToken = default) =>
        RefusalOfAsync(id, FailureActionKind.Restore, actor, reason, cancellationToken);

    private async Task<Refusal?> RefusalOfAsync(Guid id, FailureActionKind action, string actor, string? reason, CancellationToken cancellationToken) =>
        (await DecideAsync(id, new FailureDecision(action, actor, reason), cancellationToken)).Refusals.TryGetValue(id, out var refusal) ? refusal : null;

    private static ReplayResult ReplayOf(Guid id, DecidedFailures decided) =>
        decided.Refusals.TryGetValue(id, out var refusal) ? new ReplayResult.Refused(refusal) : new ReplayResult.Accepted(decided.Replays[0]);

    private async Task<DecidedFailures> DecideAsync(Guid id, FailureDecision decision, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var decided = await FailureDecisions.DecideAsync(transaction, [id], decision, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return decided;
    }
}
