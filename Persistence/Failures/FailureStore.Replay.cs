using System.Text.Json;
using Contracts;
using Npgsql;
using NpgsqlTypes;
using Persistence.Mails;
using Persistence.Text;

namespace Persistence.Failures;

public sealed partial class FailureStore
{
    /// <summary>
    /// Records that a failed mail is to be sent again, and raises its row's epoch, so that records of the old one are
    /// dropped. Produce the record that this returns, then call <see cref="MarkReplayedAsync"/>; after a crash in between, whoever
    /// calls <see cref="ClaimPendingReplaysAsync"/> does both.
    /// </summary>
    /// <param name="id">The failure.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="reason">Why; null where none was given.</param>
    /// <param name="cancellationToken">Gives up; it may have been recorded then.</param>
    public async Task<ReplayResult> RequestReplayAsync(Guid id, string actor, string? reason, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var mail = await LockMailAsync(id, transaction, cancellationToken);
        if (await LockAsync(id, transaction, cancellationToken) is not { } failure)
            return new ReplayResult.Refused(Refusal.NotFound);
        if (ReplayRules.RefuseReplay(failure.Status, failure.ReplayPending, failure.Epoch, mail) is { } refusal)
            return new ReplayResult.Refused(refusal);

        // Without a mail of its own the record becomes a new one: its id, if it named any, is another mail's.
        var (mailId, epoch) = failure.MailId is { } same ? (same, failure.Epoch + 1) : (Guid.CreateVersion7(), 0);
        if (mail is not null && !await connection.RaiseAsync(mailId, epoch, cancellationToken))
            return new ReplayResult.Refused(Refusal.MailInProgress);
        await ExecuteAsync(
            new NpgsqlCommand(FailureSql.RequestReplay).With("id", id).With("epoch", epoch).With("mail_id", mailId),
            transaction, cancellationToken);
        await AuditAsync(
            id, FailureActionKind.Replay, actor, reason,
            Audited(failure.Status, mail),
            Audited(failure.Status, mail is null ? null : new MailFacts(MailState.Queued, epoch), mailId), transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new ReplayResult.Accepted(
            new Replay(id, mailId, epoch, failure.OriginalTopic, failure.Key, failure.Value, failure.Headers));
    }

    /// <summary>Marks a failure as replayed: the record is acknowledged. Marking twice changes nothing.</summary>
    /// <param name="id">The failure.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it was marked by this call.</returns>
    public async Task<bool> MarkReplayedAsync(Guid id, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(FailureSql.MarkReplayed).With("id", id);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
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

    /// <summary>Discards a failure permanently, and its mail with it.</summary>
    /// <param name="id">The failure.</param>
    /// <param name="actor">Who decides so.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Gives up; it may have been discarded then.</param>
    /// <returns>Null where it was done, else why nothing was changed.</returns>
    public async Task<Refusal?> DiscardAsync(Guid id, string actor, string? reason, CancellationToken cancellationToken = default)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var mail = await LockMailAsync(id, transaction, cancellationToken);
        if (await LockAsync(id, transaction, cancellationToken) is not { } failure)
            return Refusal.NotFound;
        if (ReplayRules.RefuseDiscard(failure.Status, failure.ReplayPending, failure.Epoch, mail) is { } refusal)
            return refusal;
        await ExecuteAsync(
            new NpgsqlCommand(FailureSql.Discard).With("id", id).With("epoch", failure.Epoch)
                .Nullable("mail_id", failure.MailId, NpgsqlDbType.Uuid),
            transaction, cancellationToken);
        await AuditAsync(
            id, FailureActionKind.Discard, actor, reason,
            Audited(failure.Status, mail),
            Audited(FailureStatus.Discarded, mail is null ? null : mail with { State = MailState.Discarded }), transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return null;
    }

    private static async Task<LockedFailure?> LockAsync(Guid id, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FailureSql.Lock).With("id", id);
        Enlist(command, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        return new LockedFailure(
            reader.GetEnum<FailureStatus>("status"),
            reader.Get<bool>("replay_pending"),
            reader.Get<Guid?>("mail_id"),
            reader.Get<int>("epoch"),
            reader.Get<string?>("original_topic"),
            reader.Get<byte[]?>("key"),
            reader.Get<byte[]?>("value"),
            HeaderJson.Read(reader.Get<string?>("headers")));
    }

    private static async Task<MailFacts?> LockMailAsync(Guid failureId, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FailureSql.LockMail).With("id", failureId);
        Enlist(command, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new MailFacts(reader.GetEnum<MailState>("state"), reader.Get<int>("epoch"))
            : null;
    }

    private static Task<bool> AuditAsync(
        Guid id, FailureActionKind action, string actor, string? reason, string before, string after,
        NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        ExecuteAsync(
            new NpgsqlCommand(FailureSql.Audit).With("id", id)
                .With("actor", PostgresText.Clean(actor))
                .With("action", action.ToText())
                .Nullable("reason", PostgresText.CleanOrNull(reason), NpgsqlDbType.Text)
                .Nullable("before", before, NpgsqlDbType.Jsonb)
                .Nullable("after", after, NpgsqlDbType.Jsonb),
            transaction, cancellationToken);

    /// <summary>Failure and mail as the audit has them.</summary>
    private static string Audited(FailureStatus status, MailFacts? mail, Guid? replayedAs = null) => JsonSerializer.Serialize(new
    {
        status = status.ToText(),
        mail = mail is null ? null : new { state = mail.State.ToText(), epoch = mail.Epoch },
        replayed_as = replayedAs,
    });

    private sealed record LockedFailure(
        FailureStatus Status,
        bool ReplayPending,
        Guid? MailId,
        int Epoch,
        string? OriginalTopic,
        byte[]? Key,
        byte[]? Value,
        IReadOnlyList<RecordHeader> Headers);
}
