using Microsoft.EntityFrameworkCore;
using Npgsql;
using Persistence.Batching;
using Persistence.Failures;

namespace Persistence.Mails;

/// <summary>
/// Mails in Postgres. Who may send is settled by one conditional statement; no transaction is open while a mail is sent. What many
/// tasks write at once is written as a batch (<see cref="GroupCommit{TItem, TResult}"/>): one statement and one commit for all of them.
/// Every method throws what Npgsql throws; <see cref="PostgresErrors.IsUnavailable"/> tells whether Postgres is unavailable, or the mail
/// cannot be written.
/// </summary>
public sealed class MailStore : IMailStore
{
    // Larger batches hardly cost less a mail, and what one holds is written again one by one where one of it cannot be written.
    private const int BatchLimit = 100;

    // Whole mails, with their attachments, go into the rows of those that are held.
    private const int HoldLimit = 20;

    // One makes the largest batches; the other runs while it waits for a lock. More of them would split the same mails, and
    // each has a connection to warm up.
    private const int BatchesAtOnce = 2;

    // A statement of a hundred mails takes a few milliseconds; one that takes longer waits for something.
    private static readonly TimeSpan TurnTimeout = TimeSpan.FromMilliseconds(4);

    // Each round reads a row that changed after the statement before; more than a few of them would be a defect here.
    private const int MaxRounds = 10;

    private readonly NpgsqlDataSource _dataSource;
    private readonly IDbContextFactory<EmailDbContext> _contexts;
    private readonly ClaimBatch _batch;
    private readonly GroupCommit<ClaimRequest, ClaimResult.Claimed?> _claims;
    private readonly GroupCommit<HoldRequest, ClaimResult.Held?> _holds;
    private readonly GroupCommit<ClaimRequest, ClaimRefusal> _refusals;
    private readonly GroupCommit<OutcomeRequest, bool> _sent;
    private readonly GroupCommit<OutboxRequest, bool> _outboxEntries;
    private readonly GroupCommit<HeldRequest, bool> _held;
    private readonly GroupCommit<RecordIdentity, bool> _published;
    private readonly GroupCommit<LeaveRequest, bool> _left;

    /// <summary>On a database of the current schema.</summary>
    /// <param name="dataSource">Its connections.</param>
    /// <param name="contexts">Its contexts, for what is only read.</param>
    public MailStore(NpgsqlDataSource dataSource, IDbContextFactory<EmailDbContext> contexts)
    {
        _dataSource = dataSource;
        _contexts = contexts;
        var turns = new Turns(BatchesAtOnce, TurnTimeout);
        _batch = new ClaimBatch(dataSource);
        var outcomes = new OutcomeBatch(dataSource);
        _claims = new(_batch.ClaimAsync, request => request.MailId, BatchLimit, turns);
        _holds = new(_batch.HoldAsync, request => request.Claim.MailId, HoldLimit, turns);
        _refusals = new(_batch.ExplainAsync, request => request.MailId, BatchLimit, turns);
        _sent = new(outcomes.SentAsync, outcome => outcome.Identity.MailId, BatchLimit, turns);
        _outboxEntries = new(outcomes.WriteOutboxEntryAsync, outcome => outcome.Identity.MailId, BatchLimit, turns);
        _held = new(outcomes.HoldBackAsync, outcome => outcome.Identity.MailId, BatchLimit, turns);
        _published = new(outcomes.MarkPublishedAsync, identity => identity.MailId, BatchLimit, turns);
        _left = new(outcomes.LeaveAsync, outcome => outcome.Identity.MailId, BatchLimit, turns);
    }

    /// <inheritdoc />
    public Task<ClaimResult> ClaimAsync(
        MailRecord record, Guid workerId, long? reclaim = null, long holds = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        var request = new ClaimRequest(record, workerId, reclaim, holds);
        return SettleAsync(request, async () => await _claims.WriteAsync(request, cancellationToken), cancellationToken);
    }

    /// <inheritdoc />
    public Task<ClaimResult> HoldAsync(
        MailRecord record, Guid holdId, WaitingRecord waiting, Guid workerId, long? reclaim = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(waiting);
        var request = new ClaimRequest(record, workerId, reclaim, Holds: null);
        return SettleAsync(request, async () => await _holds.WriteAsync(new HoldRequest(request, holdId, waiting), cancellationToken), cancellationToken);
    }

    /// <summary>Writes until it is written, or the row says why not.</summary>
    private async Task<ClaimResult> SettleAsync(ClaimRequest request, Func<Task<ClaimResult?>> write, CancellationToken cancellationToken)
    {
        for (var round = 0; round < MaxRounds; round++)
        {
            if (await write() is { } written)
                return written;
            var (decision, refusal) = await _refusals.WriteAsync(request, cancellationToken);
            if (refusal is ClaimResult.Stale { IsUnmet: true } && !await _batch.MeetAsync(request.Record, cancellationToken))
                continue;
            if (refusal is not null)
                return refusal;
            if (decision == ClaimDecision.Raise)
            {
                await using var connection = await _dataSource.OpenConnectionAsync(cancellationToken);
                await connection.RaiseAsync(request.MailId, request.Record.Identity.Epoch, cancellationToken);
            }
        }
        throw new InvalidOperationException(
            $"The claim of {request.Record.Identity} was not settled in {MaxRounds} rounds: the statement and Transitions disagree about its row.");
    }

    /// <inheritdoc />
    public Task<bool> RecordSentAsync(
        MailRecord record, long fencingToken, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default) =>
        _sent.WriteAsync(new OutcomeRequest(record, fencingToken, replies), cancellationToken);

    /// <inheritdoc />
    public Task<bool> WriteOutboxEntryAsync(
        MailRecord record,
        long fencingToken,
        OutboxEntry outboxEntry,
        IReadOnlyCollection<RecipientReply> replies,
        string? error = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(outboxEntry);
        return _outboxEntries.WriteAsync(new OutboxRequest(record, fencingToken, replies, outboxEntry, error ?? outboxEntry.Reason), cancellationToken);
    }

    /// <inheritdoc />
    public Task<bool> HoldBackAsync(
        MailRecord record, long fencingToken, string reason, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default) =>
        _held.WriteAsync(new HeldRequest(record, fencingToken, replies, reason), cancellationToken);

    /// <inheritdoc />
    public Task<bool> MarkPublishedAsync(RecordIdentity identity, CancellationToken cancellationToken = default) =>
        _published.WriteAsync(identity, cancellationToken);

    /// <inheritdoc />
    public Task<bool> LeaveAsync(
        MailRecord record,
        long fencingToken,
        IReadOnlyCollection<RecipientReply> replies,
        bool isUnknown = false,
        CancellationToken cancellationToken = default) =>
        _left.WriteAsync(new LeaveRequest(record, fencingToken, replies, isUnknown), cancellationToken);

    /// <inheritdoc />
    public async Task<IReadOnlyList<HeldClaim>> ListHeldAsync(
        Guid workerId, IReadOnlyCollection<Guid> mailIds, CancellationToken cancellationToken = default)
    {
        await using var command = _dataSource.CreateCommand(ClaimSql.Held).With("worker_id", workerId).With("ids", mailIds.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var held = new List<HeldClaim>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var identity = new RecordIdentity(reader.Get<Guid>("id"), reader.Get<int>("epoch"), reader.Get<int>("attempt"));
            held.Add(new HeldClaim(identity, reader.Get<long>("fencing_token"), reader.Get<bool>("is_taken_over")));
        }
        return held;
    }

    /// <summary>A mail with its recipients and failures, or null where it has no row: no worker has read its record yet.</summary>
    /// <param name="id">The mail's id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<MailView?> FindAsync(Guid id, CancellationToken cancellationToken = default)
    {
        await using var context = await _contexts.CreateDbContextAsync(cancellationToken);
        var found = await context.Mails
            .Include(mail => mail.Recipients.OrderBy(recipient => recipient.Ordinal))
            .SingleOrDefaultAsync(mail => mail.Id == id, cancellationToken);
        if (found is null)
            return null;
        var failures = await FailureStore.ListOfMailAsync(_dataSource, id, cancellationToken);
        // A conflict that was sent again under an id of its own stays that of the id that it came with.
        return new MailView(found, failures.FindAll(failure => failure.ConflictsWith != id), failures.FindAll(failure => failure.ConflictsWith == id));
    }
}
