using System.Collections.Concurrent;
using Persistence.Holds;
using Persistence.Mails;

namespace Testing.Mails;

/// <summary>
/// Mails without Postgres, in the memory of this process: the same decisions about the same rows, which <see cref="MailStoreContract"/> proves.
/// </summary>
/// <param name="hasLease">Whether a worker's lease lasts. Leases are not mails: they stay where they are.</param>
public sealed class InMemoryMailStore(Func<Guid, bool> hasLease) : IMailStore
{
    private readonly ConcurrentDictionary<Guid, Row> _rows = new();

    /// <summary>The holds in force.</summary>
    public ActiveHolds Holds { get; set; } = ActiveHolds.None;

    public Task<ClaimResult> ClaimAsync(MailRecord record, Guid workerId, long? reclaim = null, long holds = 0, CancellationToken cancellationToken = default) =>
        DecideAsync(record, workerId, reclaim, (row, decision) => holds < Holds.Number ? new ClaimResult.HoldsChanged() : row.Claim(record, workerId, decision));

    public Task<ClaimResult> HoldAsync(
        MailRecord record, Guid holdId, WaitingRecord waiting, Guid workerId, long? reclaim = null, CancellationToken cancellationToken = default) =>
        DecideAsync(record, workerId, reclaim, (row, decision) =>
        {
            if (!Holds.Holds.Any(hold => hold.Id == holdId))
                return new ClaimResult.HoldsChanged();
            row.Hold(record, decision);
            return new ClaimResult.Held(holdId);
        });

    private Task<ClaimResult> DecideAsync(MailRecord record, Guid workerId, long? reclaim, Func<Row, ClaimDecision, ClaimResult> take)
    {
        if (!hasLease(workerId))
            return Task.FromResult<ClaimResult>(new ClaimResult.NoLease());
        var row = _rows.GetOrAdd(record.Identity.MailId, static _ => new Row());
        lock (row)
        {
            var facts = row.Facts is null ? null : row.Facts with
            {
                Holder = row.IsNobodys || !hasLease(row.WorkerId) ? Holder.Lapsed : row.WorkerId == workerId && reclaim == row.Token ? Holder.Own : Holder.Live,
                OtherContent = row.IsOtherThan(record),
            };
            return Task.FromResult<ClaimResult>(Transitions.Decide(facts, record.Identity.Epoch, record.Identity.Attempt) switch
            {
                ClaimDecision.Busy => new ClaimResult.Busy(row.WorkerId, row.Token, $"{row.WorkerId}", DateTimeOffset.MaxValue),
                ClaimDecision.Stale => new ClaimResult.Stale(facts!.State, facts.Epoch, facts.Attempt),
                ClaimDecision.IdempotencyConflict => new ClaimResult.IdempotencyConflict(),
                ClaimDecision.OutboxPending => new ClaimResult.OutboxPending(
                    facts!.OutboxEntry!.Value, (row.Next as OutboxEntry.Redelivery)?.NextAttempt, (row.Next as OutboxEntry.Redelivery)?.Due, row.Next!.Reason),
                var decision => take(row, decision),
            });
        }
    }

    public Task<bool> RecordSentAsync(
        MailRecord record, long fencingToken, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default) =>
        ChangeAsync(record.Identity, row =>
        {
            var held = row.IsHeld(record.Identity, fencingToken);
            row.Settle(record, replies, held);
            row.Facts = row.Facts! with { State = MailState.Sent };
            return held;
        });

    public Task<bool> WriteOutboxEntryAsync(
        MailRecord record, long fencingToken, OutboxEntry outboxEntry, IReadOnlyCollection<RecipientReply> replies, string? error = null,
        CancellationToken cancellationToken = default) =>
        ChangeAsync(record.Identity, row =>
        {
            var (state, kind) = outboxEntry is OutboxEntry.Redelivery ? (MailState.Queued, OutboxKind.Redelivery) : (MailState.Dead, OutboxKind.DeadLetter);
            var held = row.IsHeld(record.Identity, fencingToken);
            var isSending = held && row.Facts!.State == MailState.Sending;
            row.Settle(record, replies, isSending);
            if (!isSending)
                return held && (row.Facts!.State, row.Facts.OutboxEntry) == (state, kind);
            row.Next = outboxEntry;
            row.Facts = row.Facts! with { State = state, OutboxEntry = kind, OutboxPublished = false };
            return true;
        });

    public Task<bool> HoldBackAsync(
        MailRecord record, long fencingToken, string reason, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default) =>
        ChangeAsync(record.Identity, row =>
        {
            var isSame = row.IsHeld(record.Identity, fencingToken);
            var isSending = isSame && row.Facts!.State == MailState.Sending;
            row.Settle(record, replies, isSending);
            if (isSending)
                row.Facts = row.Facts! with { State = MailState.Held };
            return isSame && row.Facts!.State == MailState.Held;
        });

    public Task<bool> MarkPublishedAsync(RecordIdentity identity, CancellationToken cancellationToken = default) => ChangeAsync(identity, row =>
    {
        if ((row.Facts!.Epoch, row.Facts.Attempt) != (identity.Epoch, identity.Attempt) || row.Facts.OutboxEntry is null or OutboxKind.Schedule)
            return false;
        row.Facts = row.Facts with { OutboxPublished = true };
        return true;
    });

    public Task<bool> LeaveAsync(
        MailRecord record, long fencingToken, IReadOnlyCollection<RecipientReply> replies, bool isUnknown = false, CancellationToken cancellationToken = default) =>
        ChangeAsync(record.Identity, row =>
        {
            var isSame = row.IsHeld(record.Identity, fencingToken);
            var held = isSame && row.Facts!.State == MailState.Sending && !row.IsNobodys;
            row.Settle(record, replies, held);
            if (!held)
                return isSame && (row.IsNobodys || row.Facts is { State: MailState.Queued, OutboxEntry: null });
            row.IsNobodys = isUnknown || replies.Any(reply => reply.Outcome == RecipientOutcome.Unknown);
            row.Facts = row.Facts! with { State = row.IsNobodys ? MailState.Sending : MailState.Queued };
            return true;
        });

    public Task<IReadOnlyList<HeldClaim>> ListHeldAsync(Guid workerId, IReadOnlyCollection<Guid> mailIds, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<HeldClaim>>([.. mailIds.Select(id => HeldBy(workerId, id)).OfType<HeldClaim>()]);

    private HeldClaim? HeldBy(Guid workerId, Guid mailId)
    {
        if (!_rows.TryGetValue(mailId, out var row))
            return null;
        lock (row)
        {
            return row.WorkerId == workerId && !row.IsNobodys && row.Facts is { State: MailState.Sending } facts
                ? new HeldClaim(new RecordIdentity(mailId, facts.Epoch, facts.Attempt), row.Token, row.IsTakenOver)
                : null;
        }
    }

    private Task<bool> ChangeAsync(RecordIdentity identity, Func<Row, bool> change)
    {
        if (!_rows.TryGetValue(identity.MailId, out var row))
            return Task.FromResult(false);
        lock (row)
            return Task.FromResult(change(row));
    }

    private sealed class Row
    {
        private readonly Dictionary<string, RecipientOutcome> _outcomes = new(StringComparer.Ordinal);
        private Guid? _takenOverFrom;
        private MailRecord? _first;

        public RowFacts? Facts { get; set; }

        public OutboxEntry? Next { get; set; }

        public long Token { get; private set; }

        public Guid WorkerId { get; private set; }

        /// <summary>Whether it was left with an unknown outcome.</summary>
        public bool IsNobodys { get; set; }

        public bool IsTakenOver => _takenOverFrom is not null;

        public bool IsOtherThan(MailRecord record) => !_first!.ContentHash.AsSpan().SequenceEqual(record.ContentHash)
            && (_first.Topic, _first.Partition, _first.Offset) != (record.Topic, record.Partition, record.Offset);

        public bool IsHeld(RecordIdentity identity, long token) => (Facts!.Epoch, Facts.Attempt, Token) == (identity.Epoch, identity.Attempt, token);

        public void Hold(MailRecord record, ClaimDecision decision)
        {
            TakeOver(record, decision);
            Facts = new RowFacts(record.Identity.Epoch, record.Identity.Attempt - 1, MailState.Held, OutboxKind.Schedule, false, Holder.Lapsed, false);
        }

        public ClaimResult.Claimed Claim(MailRecord record, Guid workerId, ClaimDecision decision)
        {
            TakeOver(record, decision);
            IsNobodys = false;
            Token++;
            (WorkerId, Next) = (workerId, null);
            Facts = new RowFacts(record.Identity.Epoch, record.Identity.Attempt, MailState.Sending, null, false, Holder.Live, false);
            var recipients = record.Recipients.DistinctBy(recipient => recipient.Address).ToList();
            return new ClaimResult.Claimed(
                Token,
                recipients.FindAll(recipient => Outcome(recipient) is not (RecipientOutcome.Accepted or RecipientOutcome.Rejected)),
                [.. recipients.Where(recipient => Outcome(recipient) == RecipientOutcome.Rejected).Select(recipient => recipient.Address)],
                _first!.Timestamp, _first.MessageIdHeader, _takenOverFrom);
        }

        private void TakeOver(MailRecord record, ClaimDecision decision)
        {
            _first ??= record;
            if (decision == ClaimDecision.Raise)
                Change(record, outcome => outcome is RecipientOutcome.Rejected or RecipientOutcome.Deferred ? RecipientOutcome.Pending : outcome);
            if (decision == ClaimDecision.TakeOver)
            {
                _takenOverFrom = IsNobodys ? Guid.Empty : WorkerId;
                Change(record, outcome => outcome == RecipientOutcome.Pending || (outcome == RecipientOutcome.Deferred && !IsNobodys) ? RecipientOutcome.Unknown : outcome);
            }
            else if (decision == ClaimDecision.Raise || (Facts?.State != MailState.Sending && Facts?.OutboxEntry != OutboxKind.Schedule))
            {
                _takenOverFrom = null;
            }
        }

        public void Settle(MailRecord record, IReadOnlyCollection<RecipientReply> replies, bool held)
        {
            foreach (var reply in replies.Where(reply => held || reply.Outcome == RecipientOutcome.Accepted))
            {
                if (record.Recipients.Any(recipient => recipient.Address == reply.Address) && _outcomes.GetValueOrDefault(reply.Address) != RecipientOutcome.Accepted)
                    _outcomes[reply.Address] = reply.Outcome;
            }
        }

        private RecipientOutcome Outcome(Recipient recipient) => _outcomes.GetValueOrDefault(recipient.Address);

        private void Change(MailRecord record, Func<RecipientOutcome, RecipientOutcome> change)
        {
            foreach (var recipient in record.Recipients)
                _outcomes[recipient.Address] = change(Outcome(recipient));
        }
    }
}
