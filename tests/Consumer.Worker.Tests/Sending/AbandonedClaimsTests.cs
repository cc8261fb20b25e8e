using Consumer.Worker.Sending;
using Contracts;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using NUnit.Framework;
using Persistence.Mails;
using Persistence.Workers;
using ServiceDefaults.Logging;
using Shouldly;
using Testing.Mails;
using static Microsoft.Extensions.Options.Options;

namespace Consumer.Worker.Tests.Sending;

/// <summary>Claims of which the worker does not know whether they were made or released, as the database's responses got lost.</summary>
internal sealed class AbandonedClaimsTests
{
    private readonly FakeTimeProvider _timeProvider = new();
    private InMemoryMailStore _mails = null!;
    private LossyStore _store = null!;
    private InFlightMails _inFlight = null!;
    private NpgsqlDataSource _postgres = null!;
    private WorkerLease _lease = null!;
    private WorkerShutdown _shutdown = null!;
    private AbandonedClaims _abandoned = null!;
    private IncomingMail _mail = null!;

    [SetUp]
    public void SetUp()
    {
        _mails = new InMemoryMailStore(_ => true);
        _store = new LossyStore(_mails);
        _inFlight = new InFlightMails(_timeProvider);
        _postgres = NpgsqlDataSource.Create("Host=nowhere.invalid");
        _lease = new WorkerLease(new WorkerStore(_postgres), Create(new WorkerOptions()), _timeProvider, NullLogger<WorkerLease>.Instance);
        _shutdown = new WorkerShutdown(new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), Create(new WorkerOptions()), _timeProvider);
        _abandoned = new AbandonedClaims(_store, _lease, _inFlight, _timeProvider, NullLogger<AbandonedClaims>.Instance);
        _mail = new IncomingMail(new SendEmail(), new MailRecord
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
    }

    [TearDown]
    public async Task TearDown()
    {
        _shutdown.Dispose();
        _lease.Dispose();
        await _postgres.DisposeAsync();
    }

    [Test]
    public async Task A_claim_whose_result_got_lost_is_released_however_late_it_is_committed()
    {
        await LoseClaimAsync();
        await _abandoned.ReleaseAsync(CancellationToken.None);
        _timeProvider.Advance(AbandonedClaims.LatestCommit);
        await CommitClaimAsync();
        (await HeldAsync()).ShouldBe([_mail.Identity]);

        await _abandoned.ReleaseAsync(CancellationToken.None);

        (await HeldAsync()).ShouldBeEmpty();
    }

    [Test]
    public async Task A_claim_that_could_not_be_released_is_released_later()
    {
        var claimed = await CommitClaimAsync();
        _store.Fails = true;
        await new OutcomeRecorder(_store, _inFlight, _shutdown, _timeProvider, new LogLimiter(_timeProvider), NullLogger<OutcomeRecorder>.Instance)
            .ReleaseAsync(new DeliveryAttempt(_mail, claimed, leaseTerm: 0));
        _store.Fails = false;
        (await HeldAsync()).ShouldBe([_mail.Identity]);

        await _abandoned.ReleaseAsync(CancellationToken.None);

        (await HeldAsync()).ShouldBeEmpty();
    }

    [Test]
    public async Task A_mail_is_asked_about_until_no_statement_can_be_under_way_any_more_and_the_database_has_responded()
    {
        await LoseClaimAsync();
        _timeProvider.Advance(AbandonedClaims.LatestCommit + TimeSpan.FromSeconds(1));
        _store.Fails = true;
        await Should.ThrowAsync<TimeoutException>(_abandoned.ReleaseAsync(CancellationToken.None));
        _inFlight.LeftBehind().ShouldHaveSingleItem();

        _store.Fails = false;
        await _abandoned.ReleaseAsync(CancellationToken.None);

        _inFlight.LeftBehind().ShouldBeEmpty();
    }

    [Test]
    public async Task A_mail_that_was_left_again_is_not_forgotten_with_the_first_time()
    {
        await LoseClaimAsync();
        var first = _inFlight.LeftBehind().ShouldHaveSingleItem();
        _timeProvider.Advance(TimeSpan.FromSeconds(1));
        await LoseClaimAsync();

        _inFlight.Forget(first);

        _inFlight.LeftBehind().ShouldHaveSingleItem().Since.ShouldBeGreaterThan(first.Since);
    }

    private async Task LoseClaimAsync()
    {
        _store.Fails = true;
        await Should.ThrowAsync<TimeoutException>(new MailClaims(_store, _lease, _inFlight, _timeProvider)
            .ClaimAsync(_mail, reclaim: true, CancellationToken.None, CancellationToken.None));
        _store.Fails = false;
    }

    private async Task<ClaimResult.Claimed> CommitClaimAsync() =>
        (await _mails.ClaimAsync(_mail.Record, _lease.WorkerId)).ShouldBeOfType<ClaimResult.Claimed>();

    private async Task<IReadOnlyList<RecordIdentity>> HeldAsync() =>
        [.. (await _mails.ListHeldAsync(_lease.WorkerId, [_mail.Identity.MailId])).Select(held => held.Identity)];

    /// <summary>While it fails, no statement reaches the mails, and none has a result.</summary>
    private sealed class LossyStore(IMailStore mails) : IMailStore
    {
        public bool Fails { get; set; }

        public Task<ClaimResult> ClaimAsync(MailRecord record, Guid workerId, bool reclaimOwn = false, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.ClaimAsync(record, workerId, reclaimOwn, cancellationToken));

        public Task<bool> RecordSentAsync(
            MailRecord record, long fencingToken, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.RecordSentAsync(record, fencingToken, replies, cancellationToken));

        public Task<bool> WriteOutboxEntryAsync(
            MailRecord record, long fencingToken, OutboxEntry outboxEntry, IReadOnlyCollection<RecipientReply> replies, string? error = null,
            CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.WriteOutboxEntryAsync(record, fencingToken, outboxEntry, replies, error, cancellationToken));

        public Task<bool> MarkPublishedAsync(RecordIdentity identity, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.MarkPublishedAsync(identity, cancellationToken));

        public Task<bool> ReleaseAsync(RecordIdentity identity, long fencingToken, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.ReleaseAsync(identity, fencingToken, cancellationToken));

        public Task<bool> ReleaseAsync(
            MailRecord record, long fencingToken, IReadOnlyCollection<RecipientReply> replies, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.ReleaseAsync(record, fencingToken, replies, cancellationToken));

        public Task<IReadOnlyList<HeldClaim>> ListHeldAsync(
            Guid workerId, IReadOnlyCollection<Guid> mailIds, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.ListHeldAsync(workerId, mailIds, cancellationToken));

        public Task<bool> AbandonAsync(RecordIdentity identity, long fencingToken, CancellationToken cancellationToken = default) =>
            RunAsync(() => mails.AbandonAsync(identity, fencingToken, cancellationToken));

        private Task<T> RunAsync<T>(Func<Task<T>> run) => Fails ? Task.FromException<T>(new TimeoutException("The response got lost.")) : run();
    }
}
