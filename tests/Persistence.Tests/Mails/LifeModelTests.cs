using System.Collections.Concurrent;
using Contracts;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Mails;
using Persistence.Workers;
using Shouldly;
using Testing;

namespace Persistence.Tests.Mails;

/// <summary>
/// The promise, over random lives of mails: deliveries by two workers in any order, kills, stalls, take-overs, cancels, scheduled mails, holds,
/// dead letters, replays, discards, and records that are read again. A topic and a mail server of the test's own; every step is the
/// statement that the services run.
/// </summary>
// Alone: the sweeps take whatever is due or pending.
[NonParallelizable]
public sealed class LifeModelTests : StoreTests
{
    private const int Lives = 600;
    private const int Steps = 30;

    [Test]
    public async Task Every_mail_ends_in_one_state_and_is_sent_once_but_for_outcomes_that_are_told_as_unknown()
    {
        var first = Random.Shared.Next(1_000_000_000);
        var plays = new ConcurrentDictionary<Guid, Play>();
        var wrong = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(Enumerable.Range(first, Lives), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (seed, _) =>
        {
            var play = await Play.BeginAsync(Store, plays, seed);
            for (var step = 0; step < Steps; step++)
                await play.StepAsync();
            await play.EndAsync();
            if (await play.FindErrorAsync() is { } error)
                wrong.Enqueue($"seed {seed}: {error}{Environment.NewLine}  {string.Join(' ', play.History)}");
        });
        wrong.Take(5).ShouldBeEmpty($"{wrong.Count} of {Lives} lives");
    }

    private sealed class Actor
    {
        public Guid Id { get; set; }

        public Entry? Entry { get; set; }

        public ClaimResult.Claimed? Claim { get; set; }

        public int Term { get; set; }

        public int ClaimedInTerm { get; set; }

        public bool HasLease { get; set; } = true;

        public void Forget() => (Entry, Claim) = (null, null);
    }

    /// <summary>A record of the topic.</summary>
    private sealed class Entry(MailRecord record)
    {
        public MailRecord Record { get; } = record;

        public bool IsDone { get; set; }
    }

    private sealed class Play
    {
        private const int MostAttempts = 3;
        private static readonly DateTimeOffset FarAway = DateTimeOffset.UtcNow.AddYears(1);

        private readonly Store _store;
        private readonly ConcurrentDictionary<Guid, Play> _plays;
        private readonly Random _random;
        private readonly MailRecord _record = Make.Record();
        private readonly bool _isScheduled;
        private readonly List<Entry> _topic = [];
        private readonly List<DeadLetter> _deadLetters = [];
        private readonly HashSet<DeadLetter> _projected = [];
        private readonly ConcurrentQueue<MailRecord> _produced = [];
        private readonly List<Actor> _actors = [];
        private Hold? _hold;
        private bool _isDue;
        private bool _isCanceled;
        private int _sends;
        private string? _error;

        private Play(Store store, ConcurrentDictionary<Guid, Play> plays, int seed)
        {
            (_store, _plays, _random) = (store, plays, new Random(seed));
            _isScheduled = _random.Next(3) == 0;
        }

        public List<string> History { get; } = [];

        private Guid Id => _record.Identity.MailId;

        public static async Task<Play> BeginAsync(Store store, ConcurrentDictionary<Guid, Play> plays, int seed)
        {
            var play = new Play(store, plays, seed);
            plays[play.Id] = play;
            play._topic.Add(new Entry(play._record));
            for (var number = 0; number < 2; number++)
                play._actors.Add(new Actor { Id = await store.StartWorkerAsync("life:1") });
            return play;
        }

        public async Task StepAsync()
        {
            ReadProduced();
            var actor = _actors[_random.Next(_actors.Count)];
            switch (_random.Next(15))
            {
                case < 4:
                    await DeliverAsync(actor, Pick(_topic.Where(entry => !entry.IsDone)));
                    break;
                case < 7:
                    await SendAsync(actor, Outcome());
                    break;
                case 7:
                    await HeartbeatAsync(actor);
                    break;
                case 8:
                    await LoseLeaseAsync(actor, dies: _random.Next(2) == 0);
                    break;
                case 9 when _random.Next(3) == 0:
                    await CancelAsync();
                    break;
                case 10:
                    // Also one that is projected: the offset was not committed.
                    await ProjectAsync(Pick(_deadLetters));
                    break;
                case 11:
                    await DecideAsync();
                    break;
                case 12:
                    await SweepAsync();
                    break;
                case 13:
                    // A record that is read again: its offset was not committed, or was set back.
                    await DeliverAsync(actor, Pick(_topic));
                    break;
                case 14:
                    await HoldOrReleaseAsync();
                    break;
            }
        }

        /// <summary>Nothing more goes wrong: workers live, the server takes what it is given, and everything that is to be read is read.</summary>
        public async Task EndAsync()
        {
            if (_hold is not null)
                await HoldOrReleaseAsync();
            for (var round = 0; round < 40; round++)
            {
                await SweepAsync();
                ReadProduced();
                foreach (var deadLetter in _deadLetters.Where(deadLetter => !_projected.Contains(deadLetter)).ToList())
                    await ProjectAsync(deadLetter);
                foreach (var actor in _actors)
                {
                    await HeartbeatAsync(actor);
                    await DeliverAsync(actor, _topic.Find(entry => !entry.IsDone));
                    await SendAsync(actor, ServerSays.Accepted);
                }

                if (_topic.TrueForAll(entry => entry.IsDone) && _projected.Count == _deadLetters.Count && _produced.IsEmpty && !await IsOpenAsync())
                    return;
            }

            _error ??= $"it has not ended: {_topic.Count(entry => !entry.IsDone)} records unread, {_deadLetters.Count - _projected.Count} dead letters";
        }

        public async Task<string?> FindErrorAsync()
        {
            if (_error is not null)
                return _error;
            var mail = await _store.MailAsync(Id);
            var failures = (await _store.Failures.ListAsync(new FailureFilter { MailId = Id }, 100)).Items;
            foreach (var entry in _topic)
            {
                if (await _store.Mails.ClaimAsync(entry.Record, _actors[0].Id, holds: long.MaxValue) is var again and not ClaimResult.Stale and not ClaimResult.OutboxPending { Kind: OutboxKind.DeadLetter })
                    return $"{mail.State}, and {entry.Record.Identity} could still be claimed: {again}";
            }

            return mail.State switch
            {
                MailState.Sent when _sends == 0 => "it says sent, and nobody sent it",
                // A hold cancels for those who have not got it.
                MailState.Canceled when mail.HoldId is not null && _sends <= 1 + mail.UnknownOutcomes => null,
                MailState.Sent or MailState.Dead or MailState.Canceled or MailState.Discarded when _sends > 1 + mail.UnknownOutcomes =>
                    $"{mail.State}, and sent {_sends} times with {mail.UnknownOutcomes} unknown outcomes",
                MailState.Dead or MailState.Canceled or MailState.Discarded when _sends > mail.UnknownOutcomes =>
                    $"{mail.State}, and sent {_sends} times with {mail.UnknownOutcomes} unknown outcomes",
                MailState.Sent when failures.Any(failure => failure.Status is FailureStatus.Unresolved or FailureStatus.Replayed or FailureStatus.FailedAgain) => "it is sent, and a failure of it is open",
                MailState.Dead when !failures.Any(failure => failure.Status == FailureStatus.Unresolved) => "it is dead, and no failure says so",
                MailState.Sent or MailState.Dead or MailState.Canceled or MailState.Discarded => null,
                var state => $"it ended {state}",
            };
        }

        private async Task DeliverAsync(Actor actor, Entry? entry)
        {
            if (entry is null || actor.Claim is not null)
                return;
            History.Add($"deliver:{_actors.IndexOf(actor)}:{entry.Record.Identity.Epoch}.{entry.Record.Identity.Attempt}");
            if (_isScheduled && !_isDue && entry.Record.Identity.Attempt == 1
                && await _store.Schedules.StoreAsync(entry.Record.Next(attempt: 0), new ScheduledRecord(FarAway, new WaitingRecord(null, [1], []))) is not ClaimDecision.Due and var decision)
            {
                if (decision == ClaimDecision.IdempotencyConflict)
                    _error ??= "its own record is a conflict when it is stored";
                entry.IsDone |= decision is ClaimDecision.Claim or ClaimDecision.OutboxPending or ClaimDecision.Stale;
                return;
            }

            var term = actor.Term;
            switch (await ClaimOrHoldAsync(entry.Record, actor.Id))
            {
                case ClaimResult.Held:
                    // A kill here leaves its record unread.
                    entry.IsDone = _random.Next(4) > 0;
                    break;
                case ClaimResult.HoldsChanged:
                    _error ??= "its hold is in force, and does not hold it";
                    break;
                case ClaimResult.Claimed claimed:
                    if (_actors.Exists(other => other != actor && other is { Claim: not null, HasLease: true } && other.ClaimedInTerm == other.Term))
                        _error ??= "it was claimed while another worker with a live lease was sending it";
                    (actor.Entry, actor.Claim, actor.ClaimedInTerm) = (entry, claimed, term);
                    // One that was completed when its mail was held may be read again and claimed once the hold is over: its offset is behind the group's then.
                    entry.IsDone = false;
                    break;
                case ClaimResult.OutboxPending { Kind: OutboxKind.Redelivery } pending:
                    await RedeliverAsync(entry, pending.NextAttempt ?? entry.Record.Identity.Attempt + 1);
                    break;
                case ClaimResult.OutboxPending:
                    DeadLetter(entry);
                    break;
                case ClaimResult.Stale:
                    entry.IsDone = true;
                    break;
                case ClaimResult.IdempotencyConflict:
                    _error ??= "its own record is a conflict";
                    break;
            }
        }

        private async Task<ClaimResult> ClaimOrHoldAsync(MailRecord record, Guid worker)
        {
            if (_hold is null)
                return await _store.Mails.ClaimAsync(record, worker, holds: long.MaxValue);
            ClaimResult result;
            var looks = 0;
            do
            {
                result = await _store.Mails.HoldAsync(record, _hold.Id, new WaitingRecord(null, [1], [new RecordHeader(HeaderNames.RedeliveryCount, record.Identity.Attempt - 1)]), worker);
                History.Add($"hold:{result.GetType().Name}");
            }
            // As a worker does: the sweep of another life may have let the mail go from an earlier hold just then.
            while (result is ClaimResult.HoldsChanged && ++looks < 3);
            // From here on it is canceled, whatever becomes of the hold.
            _isCanceled |= result is ClaimResult.Held && _hold.Mode == HoldMode.Cancel;
            return result;
        }

        private async Task HoldOrReleaseAsync()
        {
            if (_hold is { } hold)
            {
                _hold = null;
                History.Add("release");
                await _store.Holds.ReleaseAsync(hold.Id, "ann", "over");
                return;
            }

            // The value is what keeps it from the mails of others here: each play knows its own.
            _hold = await _store.Holds.CreateAsync(new NewHold(HoldScope.Tag, $"{Id}", _random.Next(4) == 0 ? HoldMode.Cancel : HoldMode.Wait, null, "a flood"), "ann");
            History.Add($"hold:{_hold.Mode}");
        }

        private async Task SendAsync(Actor actor, ServerSays outcome)
        {
            if (actor is not { Claim: { } claim, Entry: { } entry })
                return;
            History.Add($"send:{_actors.IndexOf(actor)}:{outcome}");
            var record = entry.Record;
            if (!actor.HasLease || actor.ClaimedInTerm != actor.Term)
            {
                actor.Forget();
                await _store.Mails.LeaveAsync(record, claim.FencingToken, []);
                return;
            }

            // An earlier delivery had the reply in its hand, and wrote it: nothing is open, and so it is sent.
            if (claim.OpenRecipients.Count == 0)
            {
                actor.Forget();
                await _store.Mails.RecordSentAsync(record, claim.FencingToken, []);
                entry.IsDone = true;
                return;
            }

            if (_isCanceled)
                _error ??= "it was canceled, and is sent";
            var address = record.Recipients[0].Address;
            switch (outcome)
            {
                case ServerSays.Accepted:
                    _sends++;
                    actor.Forget();
                    await _store.Mails.RecordSentAsync(record, claim.FencingToken, [new RecipientReply(address, RecipientOutcome.Accepted, 250)]);
                    entry.IsDone = true;
                    break;

                // The handler is canceled with the reply in its hand.
                case ServerSays.AcceptedAndLeft:
                    _sends++;
                    actor.Forget();
                    await _store.Mails.LeaveAsync(record, claim.FencingToken, [new RecipientReply(address, RecipientOutcome.Accepted, 250)]);
                    break;

                // The process is killed before it can write it down.
                case ServerSays.AcceptedAndKilled:
                    _sends++;
                    await LoseLeaseAsync(actor, dies: true);
                    break;

                case ServerSays.Deferred when record.Identity.Attempt < MostAttempts:
                    actor.Forget();
                    if (await _store.Mails.WriteOutboxEntryAsync(
                        record, claim.FencingToken, new OutboxEntry.Redelivery(record.Identity.Attempt + 1, Make.Noon, "451"), [new RecipientReply(address, RecipientOutcome.Deferred, 451)])
                        && _random.Next(4) > 0)
                        await RedeliverAsync(entry, record.Identity.Attempt + 1);
                    break;

                default:
                    actor.Forget();
                    if (await _store.Mails.WriteOutboxEntryAsync(
                        record, claim.FencingToken, new OutboxEntry.DeadLetter("550"), [new RecipientReply(address, RecipientOutcome.Rejected, 550)])
                        && _random.Next(4) > 0)
                        DeadLetter(entry);
                    break;
            }
        }

        private async Task RedeliverAsync(Entry entry, int attempt)
        {
            _topic.Add(new Entry(entry.Record.Next(attempt: attempt)));
            // A kill here leaves it unmarked, and its record unread.
            if (_random.Next(4) == 0)
                return;
            await _store.Mails.MarkPublishedAsync(entry.Record.Identity);
            entry.IsDone = true;
        }

        private void DeadLetter(Entry entry)
        {
            _deadLetters.Add(Make.DeadLetter(Id, entry.Record.Identity.Epoch, originalOffset: _deadLetters.Count));
            entry.IsDone = true;
        }

        private async Task HeartbeatAsync(Actor actor)
        {
            if (await _store.Workers.HeartbeatAsync(actor.Id, Leases.Lasting, null, null, CancellationToken.None) == Heartbeat.Lapsed)
                actor.Term++;
            actor.HasLease = true;
        }

        private async Task LoseLeaseAsync(Actor actor, bool dies)
        {
            History.Add($"{(dies ? "die" : "stall")}:{_actors.IndexOf(actor)}");
            await _store.LoseLeaseAsync(actor.Id);
            actor.HasLease = false;
            if (!dies)
                return;
            actor.Forget();
            (actor.Id, actor.HasLease, actor.Term) = (await _store.StartWorkerAsync("life:1"), true, 0);
        }

        private async Task CancelAsync()
        {
            var result = await _store.Schedules.CancelAsync(Id, "ann", accepted: true);
            History.Add($"cancel:{result}");
            _isCanceled |= result == CancelResult.Canceled;
        }

        private async Task ProjectAsync(DeadLetter? deadLetter)
        {
            if (deadLetter is null)
                return;
            History.Add($"project:{deadLetter.Epoch}");
            await _store.Failures.ProjectAsync(deadLetter);
            _projected.Add(deadLetter);
        }

        /// <summary>A person looks at one of its failures.</summary>
        private async Task DecideAsync()
        {
            if (Pick((await _store.Failures.ListAsync(new FailureFilter { MailId = Id }, 100)).Items) is not { } failure)
                return;
            if (_random.Next(4) == 0)
            {
                History.Add($"discard:{await _store.Failures.DiscardAsync(failure.Id, "ann", null)}");
                return;
            }

            var result = await _store.Failures.RequestReplayAsync(failure.Id, "ann", null);
            History.Add($"replay:{(result is ReplayResult.Accepted ? "yes" : "no")}");
            // A kill here leaves it to the sweep.
            if (result is not ReplayResult.Accepted accepted || _random.Next(3) == 0)
                return;
            Produce(accepted.Replay);
            await _store.Failures.MarkReplayedAsync(failure.Id);
        }

        /// <summary>What is due, and what is pending, of this mail and of any other.</summary>
        private async Task SweepAsync()
        {
            History.Add("sweep");
            if (!_isDue)
            {
                _isDue = true;
                await _store.ExecuteAsync(
                    "UPDATE email.mails SET next_attempt_at = now() - interval '1 second', scheduled_at = now() - interval '1 second' WHERE id = $1 AND state = 'scheduled'", Id);
            }

            foreach (var hold in await _store.Holds.ListToSweepAsync())
                await _store.Holds.SweepAsync(hold, 100);
            var due = await _store.Schedules.TakeDueAsync(100, TimeSpan.Zero);
            foreach (var mail in due)
                _plays[mail.MailId]._produced.Enqueue(_plays[mail.MailId]._record.Next(epoch: mail.Epoch, attempt: 1 + (mail.Record.Headers.Last(HeaderNames.RedeliveryCount).AsNumber() ?? 0)));
            // A kill here leaves them to the next sweep.
            if (_random.Next(5) > 0)
                await _store.Schedules.MarkPublishedAsync(due);
            foreach (var replay in await _store.Failures.ClaimPendingReplaysAsync(TimeSpan.Zero))
            {
                _plays[replay.MailId].Produce(replay);
                await _store.Failures.MarkReplayedAsync(replay.FailureId);
            }
        }

        private void Produce(Replay replay) => _produced.Enqueue(_record.Next(epoch: replay.Epoch, attempt: 1));

        private void ReadProduced()
        {
            while (_produced.TryDequeue(out var record))
                _topic.Add(new Entry(record));
        }

        private async Task<bool> IsOpenAsync() => (await _store.MailAsync(Id)).State is MailState.Queued or MailState.Sending or MailState.Scheduled or MailState.Held;

        private ServerSays Outcome() => (ServerSays)_random.Next(Enum.GetValues<ServerSays>().Length);

        private T? Pick<T>(IEnumerable<T> some) where T : class => some.ToList() is { Count: > 0 } list ? list[_random.Next(list.Count)] : null;
    }

    private enum ServerSays
    {
        Accepted,
        AcceptedAndLeft,
        AcceptedAndKilled,
        Deferred,
        Rejected,
    }
}
