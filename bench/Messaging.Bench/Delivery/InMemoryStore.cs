using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Persistence.Mails;

namespace Messaging.Bench.Delivery;

/// <summary>
/// The database without Postgres: the same decisions about the same rows, kept in memory by this process alone. What the worker is
/// quicker with them, Postgres costs.
/// </summary>
internal sealed class InMemoryStore : IMailStore
{
    private readonly ConcurrentDictionary<Guid, Row> _rows = new();

    /// <summary>Puts them in the place of Postgres. Leases stay there: they cost a statement every ten seconds.</summary>
    public static void Replace(IServiceCollection services) => services.AddSingleton<IMailStore, InMemoryStore>();

    public Task<ClaimResult> ClaimAsync(MailRecord record, Guid workerId, bool reclaimOwn = false, CancellationToken cancellationToken = default)
    {
        var (id, epoch, attempt) = record.Identity;
        var row = _rows.GetOrAdd(id, static _ => new Row());
        lock (row)
        {
            var decision = Transitions.Decide(row.Facts, epoch, attempt);
            if (decision is not (ClaimDecision.Claim or ClaimDecision.Raise or ClaimDecision.TakeOver))
                throw new InvalidOperationException($"{record.Identity}: {decision}. The benchmark sends each mail once, by one worker.");
            row.Token++;
            row.Facts = new RowFacts(epoch, attempt, MailState.Sending, null, false, Holder.Live, false);
            return Task.FromResult<ClaimResult>(new ClaimResult.Claimed(row.Token, record.Recipients, [], record.Timestamp, record.MessageIdHeader, null));
        }
    }

    public Task<bool> RecordSentAsync(
        MailRecord record, long fencingToken, IReadOnlyCollection<RecipientAnswer> answers, CancellationToken cancellationToken = default) =>
        EndAsync(record.Identity, fencingToken, facts => facts with { State = MailState.Sent }, answers);

    public Task<bool> WriteOutboxEntryAsync(
        MailRecord record, long fencingToken, OutboxEntry outboxEntry, IReadOnlyCollection<RecipientAnswer> answers, string? error = null,
        CancellationToken cancellationToken = default) => EndAsync(
            record.Identity, fencingToken,
            facts => outboxEntry is OutboxEntry.Redelivery
                ? facts with { State = MailState.Queued, OutboxEntry = OutboxKind.Redelivery }
                : facts with { State = MailState.Dead, OutboxEntry = OutboxKind.DeadLetter },
            answers);

    public Task<bool> MarkPublishedAsync(RecordIdentity identity, CancellationToken cancellationToken = default)
    {
        var row = _rows[identity.MailId];
        lock (row)
            row.Facts = row.Facts! with { OutboxPublished = true };
        return Task.FromResult(true);
    }

    public Task<bool> ReleaseAsync(RecordIdentity identity, long fencingToken, CancellationToken cancellationToken = default) =>
        EndAsync(identity, fencingToken, facts => facts with { State = MailState.Queued }, []);

    public Task<IReadOnlyList<HeldClaim>> ListHeldAsync(
        Guid workerId, IReadOnlyCollection<Guid> mailIds, CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyList<HeldClaim>>([]);

    public Task<bool> AbandonAsync(RecordIdentity identity, long fencingToken, CancellationToken cancellationToken = default) => Task.FromResult(false);

    private Task<bool> EndAsync(
        RecordIdentity identity, long fencingToken, Func<RowFacts, RowFacts> change, IReadOnlyCollection<RecipientAnswer> answers)
    {
        var row = _rows[identity.MailId];
        lock (row)
        {
            if (row.Token != fencingToken)
                return Task.FromResult(false);
            row.Facts = change(row.Facts!);
            row.Answers = answers;
            return Task.FromResult(true);
        }
    }

    private sealed class Row
    {
        public RowFacts? Facts { get; set; }

        public long Token { get; set; }

        public IReadOnlyCollection<RecipientAnswer> Answers { get; set; } = [];
    }
}
