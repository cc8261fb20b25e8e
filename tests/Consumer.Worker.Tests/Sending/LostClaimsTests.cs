using Consumer.Worker.Holds;
using Consumer.Worker.Sending;
using Contracts;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using NUnit.Framework;
using Persistence.Mails;
using Persistence.Workers;
using ServiceDefaults.Kafka;
using ServiceDefaults.Logging;
using Shouldly;
using Testing;
using Testing.Mails;
using static Microsoft.Extensions.Options.Options;

namespace Consumer.Worker.Tests.Sending;

/// <summary>Claims of which the worker does not know whether they were made or released, as the database's responses got lost.</summary>
internal sealed class LostClaimsTests
{
    private readonly FakeTimeProvider _timeProvider = new();
    private readonly HashSet<Guid> _lapsed = [];
    private InMemoryMailStore _mails = null!;
    private LossyStore _store = null!;
    private OwnClaims _claims = null!;
    private KnownHolds _holds = null!;
    private NpgsqlDataSource _postgres = null!;
    private WorkerLease _lease = null!;
    private WorkerShutdown _shutdown = null!;
    private LostClaims _lost = null!;
    private IncomingMail _mail = null!;

    [SetUp]
    public void SetUp()
    {
        _mails = new InMemoryMailStore(worker => !_lapsed.Contains(worker));
        _store = new LossyStore(_mails);
        _claims = new OwnClaims(_timeProvider);
        _holds = new KnownHolds(_ => Task.FromResult(_mails.Holds), MailTopics.Default);
        _postgres = NpgsqlDataSource.Create("Host=nowhere.invalid");
        _lease = new WorkerLease(new WorkerStore(_postgres), NoPause.Of(), Create(new WorkerOptions()), _timeProvider, NullLogger<WorkerLease>.Instance);
        _shutdown = new WorkerShutdown(new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), Create(new WorkerOptions()), _timeProvider);
        _lost = new LostClaims(_store, _lease, _claims, _timeProvider, NullLogger<LostClaims>.Instance);
        _mail = NewMail();
    }

    [TearDown]
    public async Task TearDown()
    {
        _shutdown.Dispose();
        _holds.Dispose();
        _lease.Dispose();
        await _postgres.DisposeAsync();
    }

    [Test]
    public async Task A_claim_whose_result_got_lost_is_left_however_late_it_is_committed()
    {
        await LoseClaimAsync();
        await _lost.LeaveAsync(CancellationToken.None);
        _timeProvider.Advance(LostClaims.LatestCommit);
        await CommitClaimAsync();
        (await HeldAsync()).ShouldBe([_mail.Identity]);

        await _lost.LeaveAsync(CancellationToken.None);

        (await HeldAsync()).ShouldBeEmpty();
        (await ClaimAsOtherAsync()).TakenOverFrom.ShouldBeNull("nothing was sent under it");
    }

    [Test]
    public async Task A_take_over_whose_result_got_lost_is_left_as_unknown()
    {
        var other = Guid.NewGuid();
        await _mails.ClaimAsync(_mail.Record, other);
        _lapsed.Add(other);
        await LoseClaimAsync();
        await CommitClaimAsync();

        await _lost.LeaveAsync(CancellationToken.None);

        (await ClaimAsOtherAsync()).TakenOverFrom.ShouldBe(Guid.Empty);
    }

    [Test]
    public async Task A_mail_is_left_only_once_the_database_has_it_so()
    {
        var claimed = await CommitClaimAsync();
        using (var underWay = _claims.Begin(_mail.Identity.MailId))
            underWay.Hold(claimed.FencingToken);
        _store.Fails = true;
        var left = new OutcomeRecorder(_store, _claims, _shutdown, _timeProvider, new LogLimiter(_timeProvider), NullLogger<OutcomeRecorder>.Instance)
            .LeaveAsync(new DeliveryAttempt(_mail, claimed, leaseTerm: 0, new NoRelay()));
        left.IsCompleted.ShouldBeFalse();
        _claims.MayBeHeld(_mail.Identity.MailId, claimed.FencingToken).ShouldBeTrue();

        _store.Fails = false;
        await Eventually.Until(
            () =>
            {
                _timeProvider.Advance(TimeSpan.FromSeconds(5));
                return left.IsCompleted;
            },
            null, "it is left");
        await left;

        (await HeldAsync()).ShouldBeEmpty();
        _claims.MayBeHeld(_mail.Identity.MailId, claimed.FencingToken).ShouldBeFalse();
    }

    [Test]
    public async Task A_worker_reclaims_a_claim_that_none_of_its_tasks_holds()
    {
        await CommitClaimAsync();

        var again = (await ClaimAsync()).ShouldBeOfType<ClaimResult.Claimed>();

        (again.FencingToken, again.TakenOverFrom).ShouldBe((2, null));
    }

    [Test]
    public async Task A_worker_that_left_a_mail_with_an_unknown_outcome_learns_of_it_like_any_other()
    {
        var claimed = await CommitClaimAsync();
        await _mails.LeaveAsync(_mail.Record, claimed.FencingToken, [], isUnknown: true);

        (await ClaimAsync()).ShouldBeOfType<ClaimResult.Claimed>().TakenOverFrom.ShouldBe(Guid.Empty);
    }

    [Test]
    public async Task A_claim_that_another_task_holds_or_is_about_to_learn_of_is_waited_for([Values] bool isKnown)
    {
        var mailId = _mail.Identity.MailId;
        var underWay = _claims.Begin(mailId);
        var claimed = await CommitClaimAsync();
        if (isKnown)
        {
            underWay.Hold(claimed.FencingToken);
            underWay.Dispose();
        }

        using var stop = new CancellationTokenSource();
        var waiting = new MailClaims(_store, _lease, _claims, _holds, _timeProvider).ClaimAsync(_mail, () => { }, stop.Token, CancellationToken.None);
        waiting.IsCompleted.ShouldBeFalse();
        (await HeldAsync()).ShouldHaveSingleItem();

        await _mails.LeaveAsync(_mail.Record, claimed.FencingToken, []);
        underWay.Dispose();
        _claims.End(mailId, claimed.FencingToken);
        await Eventually.Until(
            () =>
            {
                _timeProvider.Advance(TimeSpan.FromSeconds(2));
                return waiting.IsCompleted;
            },
            null, "it is claimed");
        (await waiting).ShouldBeOfType<ClaimResult.Claimed>().TakenOverFrom.ShouldBeNull();
    }

    [Test]
    public async Task A_locked_row_keeps_no_other_mail_from_being_left()
    {
        await LoseClaimAsync();
        await CommitClaimAsync();
        var locked = _mail;
        _mail = NewMail();
        await LoseClaimAsync();
        await CommitClaimAsync();
        _store.Locked = locked.Identity.MailId;
        _timeProvider.Advance(LostClaims.LatestCommit + TimeSpan.FromSeconds(1));

        await _lost.LeaveAsync(CancellationToken.None);

        (await HeldAsync()).ShouldBeEmpty();
        _claims.Lost().ShouldHaveSingleItem().Record.ShouldBe(locked.Record, "it is tried again");
    }

    [Test]
    public async Task A_mail_is_asked_about_until_no_statement_can_be_under_way_any_more_and_the_database_has_responded()
    {
        await LoseClaimAsync();
        _timeProvider.Advance(LostClaims.LatestCommit + TimeSpan.FromSeconds(1));
        _store.Fails = true;
        await Should.ThrowAsync<TimeoutException>(_lost.LeaveAsync(CancellationToken.None));
        _claims.Lost().ShouldHaveSingleItem();

        _store.Fails = false;
        await _lost.LeaveAsync(CancellationToken.None);

        _claims.Lost().ShouldBeEmpty();
    }

    [Test]
    public async Task A_mail_whose_claim_was_lost_again_is_not_forgotten_with_the_first_time()
    {
        await LoseClaimAsync();
        var first = _claims.Lost().ShouldHaveSingleItem();
        _timeProvider.Advance(TimeSpan.FromSeconds(1));
        await LoseClaimAsync();

        _claims.Forget(first);

        _claims.Lost().ShouldHaveSingleItem().Since.ShouldBeGreaterThan(first.Since);
    }

    private static IncomingMail NewMail() => new(new SendEmail(), new MailRecord
    {
        Identity = new RecordIdentity(Guid.NewGuid(), 0, 1),
        MessageIdHeader = "1@example.com",
        Topic = "email.send",
        Partition = 0,
        Offset = 0,
        Timestamp = DateTimeOffset.UnixEpoch,
        Sender = "ann@example.com",
        ContentHash = [],
        Recipients = [],
    });

    private Task<ClaimResult> ClaimAsync() =>
        new MailClaims(_store, _lease, _claims, _holds, _timeProvider).ClaimAsync(_mail, () => { }, CancellationToken.None, CancellationToken.None);

    private async Task LoseClaimAsync()
    {
        _store.Fails = true;
        await Should.ThrowAsync<TimeoutException>(ClaimAsync());
        _store.Fails = false;
    }

    private async Task<ClaimResult.Claimed> ClaimAsOtherAsync() =>
        (await _mails.ClaimAsync(_mail.Record, Guid.NewGuid())).ShouldBeOfType<ClaimResult.Claimed>();

    private async Task<ClaimResult.Claimed> CommitClaimAsync() =>
        (await _mails.ClaimAsync(_mail.Record, _lease.WorkerId)).ShouldBeOfType<ClaimResult.Claimed>();

    private async Task<IReadOnlyList<RecordIdentity>> HeldAsync() =>
        [.. (await _mails.ListHeldAsync(_lease.WorkerId, [_mail.Identity.MailId])).Select(held => held.Identity)];

    /// <summary>While it fails, no statement reaches the mails, and none has a result.</summary>
    private sealed class LossyStore(IMailStore mails) : IMailStore
    {
        public bool Fails { get; set; }

        /// <summary>A mail whose row another session has locked.</summary>
        public Guid? Locked { get; set; }

        public Task<ClaimResult> ClaimAsync(MailRecord record, Guid workerId, long? reclaim = null, long holds = 0, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.ClaimAsync(record, workerId, reclaim, holds, cancellationToken));

        public Task<ClaimResult> HoldAsync(
            MailRecord record, Guid holdId, WaitingRecord waiting, Guid workerId, long? reclaim = null, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.HoldAsync(record, holdId, waiting, workerId, reclaim, cancellationToken));

        public Task<bool> RecordSentAsync(
            MailRecord record, long fencingToken, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.RecordSentAsync(record, fencingToken, replies, cancellationToken));

        public Task<bool> WriteOutboxEntryAsync(
            MailRecord record, long fencingToken, OutboxEntry outboxEntry, IReadOnlyCollection<RecipientReply> replies, string? error = null,
            CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.WriteOutboxEntryAsync(record, fencingToken, outboxEntry, replies, error, cancellationToken));

        public Task<bool> HoldBackAsync(
            MailRecord record, long fencingToken, string reason, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.HoldBackAsync(record, fencingToken, reason, replies, cancellationToken));

        public Task<bool> MarkPublishedAsync(RecordIdentity identity, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.MarkPublishedAsync(identity, cancellationToken));

        public Task<bool> LeaveAsync(
            MailRecord record, long fencingToken, IReadOnlyCollection<RecipientReply> replies, bool isUnknown = false, CancellationToken cancellationToken = default) =>
            record.Identity.MailId == Locked
                ? Task.FromException<bool>(new PostgresException("The row is locked.", "ERROR", "ERROR", PostgresErrorCodes.LockNotAvailable))
                : RunAsync(() => mails.LeaveAsync(record, fencingToken, replies, isUnknown, cancellationToken));

        public Task<IReadOnlyList<HeldClaim>> ListHeldAsync(
            Guid workerId, IReadOnlyCollection<Guid> mailIds, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.ListHeldAsync(workerId, mailIds, cancellationToken));

        private Task<T> RunAsync<T>(Func<Task<T>> run) => Fails ? Task.FromException<T>(new TimeoutException("The response got lost.")) : run();
    }
}
