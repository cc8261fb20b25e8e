using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Contracts;
using Npgsql;
using NpgsqlTypes;
using Persistence.Mails;
using Persistence.Text;

namespace Persistence.Failures;

/// <summary>What a person decides about failures.</summary>
/// <param name="Action">A replay, a discard or a restore.</param>
/// <param name="Actor">Who.</param>
/// <param name="Reason">Why; null where none was given.</param>
/// <param name="OperationId">The operation that it is a part of; null where it is about one failure.</param>
/// <param name="Edit">What is sent in its place, of an edit.</param>
internal sealed record FailureDecision(FailureActionKind Action, string Actor, string? Reason, Guid? OperationId = null, EditedMail? Edit = null);

/// <summary>What came of a decision.</summary>
/// <param name="Replays">What is to be produced.</param>
/// <param name="Refusals">The failures about which nothing was done, and why.</param>
internal sealed record DecidedFailures(IReadOnlyList<Replay> Replays, IReadOnlyDictionary<Guid, Refusal> Refusals);

/// <summary>
/// Carries decisions out, about one failure or some hundred: a fixed number of statements in the caller's transaction, each decision with its
/// audit. Mails are locked before failures, as by the outcome <c>sent</c>, and both in the order of their ids.
/// </summary>
internal static class FailureDecisions
{
    /// <summary>Decides about failures, each by itself.</summary>
    /// <param name="transaction">What is changed is there once this is committed.</param>
    /// <param name="ids">The failures, each once.</param>
    /// <param name="decision">What is decided.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<DecidedFailures> DecideAsync(
        NpgsqlTransaction transaction, IReadOnlyCollection<Guid> ids, FailureDecision decision, CancellationToken cancellationToken)
    {
        var mails = await LockMailsAsync(transaction, ids, cancellationToken);
        var failures = await LockAsync(transaction, ids, cancellationToken);
        var refusals = new Dictionary<Guid, Refusal>();
        var agreed = new List<Agreed>(failures.Count);
        foreach (var id in ids)
        {
            if (!failures.TryGetValue(id, out var failure))
            {
                refusals[id] = Refusal.NotFound;
                continue;
            }

            var mail = failure.MailId is { } mailId ? mails.GetValueOrDefault(mailId) : null;
            if (ReplayRules.Refuse(decision.Action, failure.Status, failure.ReplayPending, failure.Epoch, mail) is { } refusal)
                refusals[id] = refusal;
            else
                agreed.Add(new Agreed(id, failure, mail));
        }

        IReadOnlyList<Replay> replays = [];
        switch (decision.Action)
        {
            case FailureActionKind.Replay:
                replays = await ReplayAsync(transaction, agreed, refusals, decision, cancellationToken);
                break;
            case FailureActionKind.Edit:
                replays = await EditAsync(transaction, agreed, decision, cancellationToken);
                break;
            case FailureActionKind.Discard:
                await SetAsync(transaction, FailureSql.Discard, agreed, decision, FailureStatus.Discarded, MailState.Discarded, cancellationToken);
                break;
            case FailureActionKind.Restore:
                await SetAsync(transaction, FailureSql.Restore, agreed, decision, FailureStatus.Unresolved, MailState.Dead, cancellationToken);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(decision), decision.Action, "Nobody decides this.");
        }

        return new DecidedFailures(replays, refusals);
    }

    private static async Task<IReadOnlyList<Replay>> ReplayAsync(
        NpgsqlTransaction transaction, List<Agreed> agreed, Dictionary<Guid, Refusal> refusals, FailureDecision decision, CancellationToken cancellationToken)
    {
        // Without a mail of its own the record becomes a new one: its id, if it named any, is another mail's.
        var replays = agreed.ConvertAll(one => new Replay(
            one.Id, one.Failure.MailId ?? Guid.CreateVersion7(), one.Failure.MailId is null ? 0 : one.Failure.Epoch + 1,
            one.Failure.OriginalTopic, one.Failure.Key, one.Failure.Value, one.Failure.Headers));
        var rows = agreed.Where(one => one.Mail is not null).Select(one => one.Id).ToHashSet();
        var raised = await transaction.Connection!.RaiseAsync([.. replays.Where(replay => rows.Contains(replay.FailureId)).Select(replay => (replay.MailId, replay.Epoch))], cancellationToken);
        foreach (var replay in replays.Where(replay => rows.Contains(replay.FailureId) && !raised.Contains(replay.MailId)))
            refusals[replay.FailureId] = Refusal.MailInProgress;
        agreed.RemoveAll(one => refusals.ContainsKey(one.Id));
        replays.RemoveAll(replay => refusals.ContainsKey(replay.FailureId));
        if (replays.Count == 0)
            return replays;

        await ExecuteAsync(
            transaction,
            new NpgsqlCommand(FailureSql.RequestReplay)
                .With("ids", replays.ConvertAll(replay => replay.FailureId).ToArray())
                .With("mail_ids", replays.ConvertAll(replay => replay.MailId).ToArray())
                .With("epochs", replays.ConvertAll(replay => replay.Epoch).ToArray())
                .Nullable("operation_id", decision.OperationId, NpgsqlDbType.Uuid),
            cancellationToken);
        var replayOf = replays.ToDictionary(replay => replay.FailureId);
        await AuditAsync(
            transaction, decision, agreed,
            one => Audited(one.Failure.Status, one.Mail is null ? null : new MailFacts(MailState.Queued, replayOf[one.Id].Epoch), replayOf[one.Id].MailId), cancellationToken);
        return replays;
    }

    private static async Task<IReadOnlyList<Replay>> EditAsync(
        NpgsqlTransaction transaction, List<Agreed> agreed, FailureDecision decision, CancellationToken cancellationToken)
    {
        if (agreed is not [var (id, failure, mail)])
            return [];
        var edit = decision.Edit!;
        await ExecuteAsync(
            transaction,
            new NpgsqlCommand(FailureSql.RequestEdit).With("id", id).With("mail_id", edit.MailId).With("key", edit.Key).With("value", edit.Value),
            cancellationToken);
        await AuditAsync(
            transaction, decision, agreed, _ => Audited(failure.Status, mail is null ? null : mail with { State = MailState.Discarded }, edit.MailId, PostgresJson.Clean(edit.Changes)), cancellationToken);
        return [new Replay(id, edit.MailId, 0, failure.OriginalTopic, edit.Key, edit.Value, failure.Headers)];
    }

    /// <summary>Gives failures a status, and their mails a state: by a statement, which the audit says.</summary>
    private static async Task SetAsync(
        NpgsqlTransaction transaction, string sql, List<Agreed> agreed, FailureDecision decision, FailureStatus status, MailState state, CancellationToken cancellationToken)
    {
        if (agreed.Count == 0)
            return;
        await ExecuteAsync(transaction, new NpgsqlCommand(sql).With("ids", agreed.ConvertAll(one => one.Id).ToArray()), cancellationToken);
        await AuditAsync(transaction, decision, agreed, one => Audited(status, one.Mail is null ? null : one.Mail with { State = state }, null), cancellationToken);
    }

    private static async Task<Dictionary<Guid, MailFacts>> LockMailsAsync(NpgsqlTransaction transaction, IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FailureSql.LockMails, transaction.Connection, transaction).With("ids", ids.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var mails = new Dictionary<Guid, MailFacts>();
        while (await reader.ReadAsync(cancellationToken))
            mails[reader.Get<Guid>("id")] = new MailFacts(reader.GetEnum<MailState>("state"), reader.Get<int>("epoch"));
        return mails;
    }

    private static async Task<Dictionary<Guid, LockedFailure>> LockAsync(NpgsqlTransaction transaction, IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FailureSql.Lock, transaction.Connection, transaction).With("ids", ids.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var failures = new Dictionary<Guid, LockedFailure>();
        while (await reader.ReadAsync(cancellationToken))
        {
            failures[reader.Get<Guid>("id")] = new LockedFailure(
                reader.GetEnum<FailureStatus>("status"),
                reader.Get<bool>("replay_pending"),
                reader.Get<Guid?>("mail_id"),
                reader.Get<int>("epoch"),
                reader.Get<string?>("original_topic"),
                reader.Get<byte[]?>("key"),
                reader.Get<byte[]?>("value"),
                HeaderJson.Read(reader.Get<string?>("headers")));
        }

        return failures;
    }

    private static async Task AuditAsync(
        NpgsqlTransaction transaction, FailureDecision decision, List<Agreed> agreed, Func<Agreed, string> after, CancellationToken cancellationToken) =>
        await ExecuteAsync(
            transaction,
            new NpgsqlCommand(FailureSql.Audit)
                .With("ids", agreed.ConvertAll(one => one.Id).ToArray())
                .With("actor", decision.Actor)
                .With("action", decision.Action.ToText())
                .Nullable("reason", decision.Reason, NpgsqlDbType.Text)
                .Nullable("operation_id", decision.OperationId, NpgsqlDbType.Uuid)
                .With("before", agreed.ConvertAll(one => Audited(one.Failure.Status, one.Mail, null)).ToArray())
                .With("after", agreed.ConvertAll(one => after(one)).ToArray()),
            cancellationToken);

    /// <summary>Failure and mail as the audit has them.</summary>
    private static string Audited(FailureStatus status, MailFacts? mail, Guid? replayedAs, JsonNode? changes = null) => JsonSerializer.Serialize(new
    {
        status = status.ToText(),
        mail = mail is null ? null : new { state = mail.State.ToText(), epoch = mail.Epoch },
        replayed_as = replayedAs,
        changes,
    }, Written);

    private static readonly JsonSerializerOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static async Task ExecuteAsync(NpgsqlTransaction transaction, NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using (command)
        {
            command.Connection = transaction.Connection;
            command.Transaction = transaction;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>A failure about which something is done, and the row of its mail.</summary>
    private sealed record Agreed(Guid Id, LockedFailure Failure, MailFacts? Mail);

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
