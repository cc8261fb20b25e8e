using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Persistence.Failures;
using Persistence.Text;

namespace Persistence.Deliveries;

/// <summary>
/// The books of mails. Who may send is settled by one conditional statement; no transaction is open while a mail is sent.
/// Every method throws what Npgsql throws; <see cref="PostgresErrors.IsUnavailable"/> tells when that is Postgres' fault
/// and not the mail's. All of them can be repeated after an answer was lost.
/// </summary>
public sealed class DeliveryStore(NpgsqlDataSource dataSource, IDbContextFactory<EmailDbContext> contexts)
{
    private const int ErrorLength = 2_000;

    // Each round reads a row that changed after the statement before; more than a few of them would be a defect here.
    private const int MaxRounds = 10;

    /// <summary>Claims the mail of a record for a worker, or says why not.</summary>
    /// <param name="record">The record.</param>
    /// <param name="workerId">A registered worker with a live lease.</param>
    /// <param name="reclaimOwn">
    /// Whether a claim that this same worker holds is taken back: say so when none of its tasks works on the mail, so that
    /// a claim whose answer was lost does not keep the mail busy as long as the worker lives.
    /// </param>
    /// <param name="cancellationToken">Gives up; the claim may have been made then.</param>
    public async Task<ClaimResult> ClaimAsync(
        MailRecord record, Guid workerId, bool reclaimOwn = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await TryClaimAsync(record, workerId, reclaimOwn, cancellationToken) is { } claimed)
                return claimed;
            var (decision, refusal) = await ExplainAsync(record, workerId, reclaimOwn, cancellationToken);
            if (refusal is not null)
                return refusal;
            if (decision == ClaimDecision.Raise)
                await RaiseAsync(record.Identity, cancellationToken);
        }
        throw new InvalidOperationException(
            $"The claim of {record.Identity} found no end in {MaxRounds} rounds: the statement and Transitions disagree about its row.");
    }

    /// <summary>
    /// Records that the server took the mail, and resolves the mail's failures. A server's answer is kept whatever the
    /// fence says: nobody sends the mail again.
    /// </summary>
    /// <param name="identity">The record that was sent.</param>
    /// <param name="fencingToken">The claim it was sent under.</param>
    /// <param name="answers">What the server said per recipient.</param>
    /// <param name="cancellationToken">Gives up; it may have been recorded then.</param>
    /// <returns>Whether the claim was still the mail's current one.</returns>
    public Task<bool> RecordSentAsync(
        RecordIdentity identity, long fencingToken, IReadOnlyCollection<RecipientAnswer> answers, CancellationToken cancellationToken = default) =>
        AskAsync(
            Command(OutcomeSql.Sent, identity, fencingToken)
                .WithAnswers(answers)
                .With("actor", FailureAction.SystemActor),
            cancellationToken);

    /// <summary>
    /// Writes what comes next for a mail that was not sent, before its record is produced: <c>queued</c> for a redelivery,
    /// <c>dead</c> for a dead letter. Produce only when this says true.
    /// </summary>
    /// <param name="identity">The record that failed.</param>
    /// <param name="fencingToken">The claim it failed under.</param>
    /// <param name="handOver">What comes next.</param>
    /// <param name="answers">What the server said per recipient, as far as it came.</param>
    /// <param name="error">What went wrong, for people.</param>
    /// <param name="cancellationToken">Gives up; it may have been written then.</param>
    /// <returns>False where the mail is another claim's by now: that one decides, and only accepted recipients are kept.</returns>
    public Task<bool> RecordHandOverAsync(
        RecordIdentity identity,
        long fencingToken,
        HandOver handOver,
        IReadOnlyCollection<RecipientAnswer> answers,
        string? error = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handOver);
        var redelivery = handOver as HandOver.Redelivery;
        return AskAsync(
            Command(OutcomeSql.HandOver, identity, fencingToken)
                .WithAnswers(answers)
                .With("state", (redelivery is null ? MailState.Dead : MailState.Queued).ToText())
                .With("kind", (redelivery is null ? HandOverKind.DeadLetter : HandOverKind.Redelivery).ToText())
                .Nullable("next_attempt", redelivery?.NextAttempt, NpgsqlDbType.Integer)
                .With("due", redelivery?.Due)
                .Nullable("reason", PostgresText.CleanAndCut(handOver.Reason, ErrorLength), NpgsqlDbType.Text)
                .Nullable("error", PostgresText.CleanAndCut(error ?? handOver.Reason, ErrorLength), NpgsqlDbType.Text),
            cancellationToken);
    }

    /// <summary>Marks that the hand-over's record was acked, so that a copy of this record is dropped from now on.</summary>
    /// <param name="identity">The record that was handed over.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where the mail has moved on by itself, which is as good.</returns>
    public Task<bool> MarkHandedOverAsync(RecordIdentity identity, CancellationToken cancellationToken = default) =>
        AskAsync(Command(OutcomeSql.Mark, identity), cancellationToken);

    /// <summary>
    /// Gives a claim back unharmed, where nothing was sent (the server is away, the worker stops): the same record claims
    /// the mail again.
    /// </summary>
    /// <param name="identity">The record.</param>
    /// <param name="fencingToken">The claim.</param>
    /// <param name="cancellationToken">Gives up; it may have been given back then.</param>
    /// <returns>False where the mail is another claim's by now.</returns>
    public Task<bool> ReleaseAsync(RecordIdentity identity, long fencingToken, CancellationToken cancellationToken = default) =>
        AskAsync(Command(OutcomeSql.Release, identity, fencingToken), cancellationToken);

    /// <summary>A mail with its recipients and failures, or null where no worker has met it yet.</summary>
    /// <param name="id">The mail's id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<MailView?> FindAsync(Guid id, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var mail = await context.Deliveries
            .Include(delivery => delivery.Recipients.OrderBy(recipient => recipient.Ordinal))
            .SingleOrDefaultAsync(delivery => delivery.Id == id, cancellationToken);
        if (mail is null)
            return null;
        var failures = await context.Failures
            .Where(failure => failure.MailId == id || failure.ReplayedAs == id)
            .OrderBy(failure => failure.Generation).ThenBy(failure => failure.FailedAt)
            .Select(FailureStore.Summary)
            .ToListAsync(cancellationToken);
        return new MailView(mail, failures);
    }

    /// <summary>The mails to an address, in whatever case, newest first.</summary>
    /// <param name="address">The bare address.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<Delivery>> ListByRecipientAsync(
        string address, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var wanted = PostgresText.Clean(address);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Deliveries
            .Where(mail => mail.Recipients.Any(recipient => SqlFunctions.Lower(recipient.Address) == SqlFunctions.Lower(wanted)))
            .OrderByDescending(mail => mail.CreatedAt).ThenByDescending(mail => mail.Id)
            .Take(limit)
            .Include(mail => mail.Recipients.OrderBy(recipient => recipient.Ordinal))
            .ToListAsync(cancellationToken);
    }

    private async Task<ClaimResult?> TryClaimAsync(MailRecord record, Guid workerId, bool reclaimOwn, CancellationToken cancellationToken)
    {
        var recipients = record.Recipients.Select(recipient => recipient with { Address = PostgresText.Clean(recipient.Address) })
            .DistinctBy(recipient => recipient.Address).ToList();
        await using var command = WithRecord(Command(ClaimSql.Claim, record.Identity), record, workerId, reclaimOwn)
            .With("message_id_header", PostgresText.Clean(record.MessageIdHeader))
            .With("timestamp", record.Timestamp)
            .With("accepted_at", record.AcceptedAt)
            .Nullable("key", Clean(record.Key), NpgsqlDbType.Text)
            .Nullable("subject", Clean(record.Subject), NpgsqlDbType.Text)
            .With("sender", PostgresText.Clean(record.Sender))
            .With("addresses", recipients.Select(recipient => recipient.Address).ToArray())
            .With("kinds", recipients.Select(recipient => recipient.Kind.ToText()).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var settled = reader.GetFieldValue<string[]>(3);
        return new ClaimResult.Claimed(
            reader.GetInt64(0),
            [.. recipients.Where(recipient => !settled.Contains(recipient.Address))],
            reader.GetFieldValue<string[]>(4),
            reader.GetFieldValue<DateTimeOffset>(5),
            reader.GetString(2),
            reader.IsDBNull(1) ? null : reader.GetGuid(1));
    }

    private async Task<(ClaimDecision Decision, ClaimResult? Refusal)> ExplainAsync(
        MailRecord record, Guid workerId, bool reclaimOwn, CancellationToken cancellationToken)
    {
        var identity = record.Identity;
        await using var command = WithRecord(Command(ClaimSql.Explain, identity), record, workerId, reclaimOwn);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (!reader.GetBoolean(reader.GetOrdinal("has_lease")))
            return (ClaimDecision.Busy, new ClaimResult.NoLease());
        var row = ClaimRow.Read(reader);
        var decision = Transitions.Decide(row?.Facts, identity.Generation, identity.Attempt);
        return (decision, row?.Refusal(decision));
    }

    private async Task RaiseAsync(RecordIdentity identity, CancellationToken cancellationToken)
    {
        await using var command = Command(ClaimSql.Raise, identity);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private NpgsqlCommand Command(string sql, RecordIdentity identity, long? fencingToken = null)
    {
        var command = dataSource.CreateCommand(sql)
            .With("id", identity.MailId).With("generation", identity.Generation).With("attempt", identity.Attempt);
        return fencingToken is { } token ? command.With("token", token) : command;
    }

    private static NpgsqlCommand WithRecord(NpgsqlCommand command, MailRecord record, Guid workerId, bool reclaimOwn) => command
        .With("worker_id", workerId)
        .With("reclaim_own", reclaimOwn)
        .With("topic", record.Topic)
        .With("partition", record.Partition)
        .With("offset", record.Offset)
        .With("content_hash", record.ContentHash);

    private static async Task<bool> AskAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using (command)
            return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static string? Clean(string? text) => text is null ? null : PostgresText.Clean(text);
}
