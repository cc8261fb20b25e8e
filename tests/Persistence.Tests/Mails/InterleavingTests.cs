using NUnit.Framework;
using Persistence.Mails;
using Persistence.Workers;
using Shouldly;
using Testing;

namespace Persistence.Tests.Mails;

/// <summary>
/// Two workers that have the same record, in every order of their steps, with a lease that runs out after any step: because the worker
/// stalls, and goes on later as if nothing had been, or because it was killed. Each step is the statement that the worker runs.
/// </summary>
public sealed class InterleavingTests : StoreTests
{
    private static readonly Step[] Life = [Step.Claim, Step.Heartbeat, Step.Send, Step.Finish];

    [Test]
    public async Task In_no_order_is_a_mail_lost_or_sent_twice_without_a_count_of_the_unknown([Values] bool firstIsDeferred)
    {
        var lives = Lives().ToList();
        // With both alike, the first and the second are the same two.
        var orders = (
            from first in lives
            from second in firstIsDeferred ? lives : lives.Take(lives.IndexOf(first) + 1)
            from order in Interleave(first, second)
            select order).ToList();
        orders.Count.ShouldBeGreaterThan(5_000);

        var wrong = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await Parallel.ForEachAsync(orders, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (order, _) =>
        {
            var play = await Play.BeginAsync(Store, firstIsDeferred);
            foreach (var (worker, step) in order)
                await play.DoAsync(worker, step);
            await play.EndAsync();
            if (await play.FindErrorAsync() is { } error)
                wrong.Enqueue($"{string.Join(' ', order.Select(one => $"{one.Worker}:{one.Step}"))}: {error}");
        });
        wrong.Take(5).ShouldBeEmpty($"{wrong.Count} of {orders.Count} orders");
    }

    /// <summary>What a worker may go through: all of its steps, a stall before any of them or after the last, a kill after any.</summary>
    private static IEnumerable<Step[]> Lives() =>
    [
        Life,
        .. Enumerable.Range(0, Life.Length + 1).Select(place => (Step[])[.. Life[..place], Step.Expire, .. Life[place..]]),
        .. Enumerable.Range(1, Life.Length - 1).Select(place => (Step[])[.. Life[..place], Step.Die]),
    ];

    private static IEnumerable<IEnumerable<(int Worker, Step Step)>> Interleave(ArraySegment<Step> first, ArraySegment<Step> second)
    {
        if (first.Count == 0 || second.Count == 0)
            return [[.. first.Select(step => (0, step)), .. second.Select(step => (1, step))]];
        return
        [
            .. Interleave(first[1..], second).Select(rest => rest.Prepend((0, first[0]))),
            .. Interleave(first, second[1..]).Select(rest => rest.Prepend((1, second[0]))),
        ];
    }

    private enum Step
    {
        Claim,
        Heartbeat,

        /// <summary>Looks at its lease, then begins DATA.</summary>
        Send,

        /// <summary>Has the server's reply and records it.</summary>
        Finish,

        /// <summary>The lease runs out. By its own clock the worker knows that at once, when it looks.</summary>
        Expire,

        /// <summary>The same, and the worker is no more.</summary>
        Die,
    }

    /// <summary>A worker's view of its lease and of its claim, as WorkerLease and ClaimFilter have it.</summary>
    private sealed class Actor
    {
        public required Guid Id { get; init; }

        public required bool Defers { get; init; }

        public MailRecord? Record { get; set; }

        public ClaimResult.Claimed? Claim { get; set; }

        public bool HasLease { get; set; } = true;

        public int Term { get; set; }

        public int ClaimedInTerm { get; set; }

        public bool InData { get; set; }

        /// <summary>Whether the record may be acknowledged.</summary>
        public bool IsDone { get; set; }

        public bool IsDead { get; set; }
    }

    private sealed class Play
    {
        private readonly Store _store;
        private readonly List<Actor> _actors = [];
        private readonly MailRecord _record = Make.Record();
        private bool _mayBeTwice;
        private int _sends;
        private string? _error;
        private MailRecord? _redelivery;

        private Play(Store store) => _store = store;

        public static async Task<Play> BeginAsync(Store store, bool firstIsDeferred)
        {
            var play = new Play(store);
            await play.AddAsync(play._record, firstIsDeferred);
            await play.AddAsync(play._record, defers: false);
            return play;
        }

        public async Task DoAsync(int number, Step step)
        {
            var actor = _actors[number];
            switch (step)
            {
                case Step.Claim:
                    await ClaimAsync(actor);
                    break;
                case Step.Heartbeat:
                    await HeartbeatAsync(actor);
                    break;
                case Step.Send:
                    await SendAsync(actor);
                    break;
                case Step.Finish:
                    await FinishAsync(actor);
                    break;
                default:
                    await _store.LoseLeaseAsync(actor.Id);
                    actor.HasLease = false;
                    actor.IsDead = step == Step.Die;
                    _mayBeTwice |= actor.Claim is not null;
                    break;
            }
        }

        /// <summary>All that live go on, and a new worker has the record, as after a rebalance, until each may acknowledge it.</summary>
        public async Task EndAsync()
        {
            await AddAsync(_record, defers: false);
            for (var round = 0; round < 10 && !_actors.TrueForAll(actor => actor.IsDone || actor.IsDead); round++)
            {
                foreach (var actor in _actors.Where(actor => !actor.IsDone && !actor.IsDead).ToList())
                    await LiveAsync(actor);
                if (_redelivery is { } redelivery)
                {
                    _redelivery = null;
                    await AddAsync(redelivery, defers: false);
                }
            }
        }

        /// <summary>What is wrong with how it went, or null.</summary>
        public async Task<string?> FindErrorAsync()
        {
            var mail = await _store.MailAsync(_record.Identity.MailId);
            var again = await _store.Mails.ClaimAsync(_record, _actors[^1].Id);
            return _error ?? this switch
            {
                _ when !_actors.TrueForAll(actor => actor.IsDone || actor.IsDead) => "a worker waits for ever",
                _ when mail.State != MailState.Sent => $"the mail ended {mail.State}",
                _ when mail.Recipients.Single().Outcome != RecipientOutcome.Accepted => $"the recipient ended {mail.Recipients.Single().Outcome}",
                _ when _sends == 0 => "nobody sent it",
                _ when _sends - 1 > mail.UnknownOutcomes => $"it was sent {_sends} times with {mail.UnknownOutcomes} unknown outcomes",
                _ when !_mayBeTwice && (_sends, mail.UnknownOutcomes) != (1, 0) => $"no lease ran out, and it was sent {_sends} times with {mail.UnknownOutcomes} unknown outcomes",
                _ when again is not ClaimResult.Stale => $"its record could still be claimed: {again}",
                _ => null,
            };
        }

        private async Task AddAsync(MailRecord record, bool defers) =>
            _actors.Add(new Actor { Id = await _store.StartWorkerAsync("play:1"), Defers = defers, Record = record });

        private async Task LiveAsync(Actor actor)
        {
            await HeartbeatAsync(actor);
            await ClaimAsync(actor);
            await SendAsync(actor);
            await FinishAsync(actor);
        }

        private async Task ClaimAsync(Actor actor)
        {
            if (actor.Claim is not null || actor.IsDone)
                return;
            var term = actor.Term;
            switch (await _store.Mails.ClaimAsync(actor.Record!, actor.Id))
            {
                case ClaimResult.Claimed claimed:
                    if (_actors.Exists(other => other != actor && other is { Claim: not null, HasLease: true, IsDone: false } && other.ClaimedInTerm == other.Term))
                        _error ??= "a mail was claimed that another worker with a live lease was sending";
                    (actor.Claim, actor.ClaimedInTerm) = (claimed, term);
                    break;
                case ClaimResult.OutboxPending:
                    // Its record is produced again; the copy is known by the claim.
                    Redeliver(actor);
                    break;
                case ClaimResult.Stale:
                    actor.IsDone = true;
                    break;
            }
        }

        private async Task HeartbeatAsync(Actor actor)
        {
            if (await _store.Workers.HeartbeatAsync(actor.Id, Leases.Lasting, null, null, CancellationToken.None) == Heartbeat.Lapsed)
                actor.Term++;
            actor.HasLease = true;
        }

        private async Task SendAsync(Actor actor)
        {
            if (actor is not { Claim: { } claim, InData: false })
                return;
            if (actor.HasLease && actor.ClaimedInTerm == actor.Term)
            {
                actor.InData = true;
                _sends++;
                return;
            }

            await _store.Mails.LeaveAsync(actor.Record!, claim.FencingToken, []);
            actor.Claim = null;
        }

        private async Task FinishAsync(Actor actor)
        {
            if (actor is not { Claim: { } claim, InData: true })
                return;
            (actor.Claim, actor.InData, actor.IsDone) = (null, false, true);
            var address = actor.Record!.Recipients[0].Address;
            if (!actor.Defers)
            {
                await _store.Mails.RecordSentAsync(
                    actor.Record, claim.FencingToken, [new RecipientReply(address, RecipientOutcome.Accepted, 250)]);
                return;
            }

            // It was not taken after all.
            _sends--;
            if (await _store.Mails.WriteOutboxEntryAsync(
                actor.Record, claim.FencingToken, new OutboxEntry.Redelivery(2, Make.Noon, "451"), [new RecipientReply(address, RecipientOutcome.Deferred, 451)]))
            {
                Redeliver(actor);
                await _store.Mails.MarkPublishedAsync(actor.Record.Identity);
            }
        }

        private void Redeliver(Actor actor)
        {
            _redelivery = _record.Next(attempt: 2);
            actor.IsDone = true;
        }
    }
}
