using Consumer.Worker.Sending;
using Contracts;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using NUnit.Framework;
using Persistence.Mails;
using Persistence.Workers;
using Shouldly;
using static Microsoft.Extensions.Options.Options;

namespace Consumer.Worker.Tests.Sending;

/// <summary>Claims whose fate the worker does not know, before store that lose answers.</summary>
internal sealed class AbandonedClaimsTests
{
    private readonly FakeTimeProvider _timeProvider = new();
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
        _store = new LossyStore();
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
    public async Task A_claim_whose_answer_got_lost_is_let_go_however_late_it_goes_through()
    {
        await LoseClaimAsync();
        await _abandoned.ReleaseAsync(CancellationToken.None);
        _timeProvider.Advance(AbandonedClaims.LatestCommit);
        _store.Held.Add(new HeldClaim(_mail.Identity, 1));

        await _abandoned.ReleaseAsync(CancellationToken.None);

        _store.Released.ShouldBe([_mail.Identity]);
    }

    [Test]
    public async Task A_claim_that_could_not_be_given_back_is_let_go()
    {
        var claimed = new ClaimResult.Claimed(1, [], [], DateTimeOffset.UnixEpoch, "1@example.com", null);
        _store.Fails = true;
        await new OutcomeRecorder(_store, _inFlight, _shutdown, _timeProvider, NullLogger<OutcomeRecorder>.Instance)
            .ReleaseAsync(new DeliveryAttempt(_mail, claimed, leaseTerm: 0));
        _store.Fails = false;
        _store.Held.Add(new HeldClaim(_mail.Identity, 1));

        await _abandoned.ReleaseAsync(CancellationToken.None);

        _store.Released.ShouldBe([_mail.Identity]);
    }

    [Test]
    public async Task A_mail_is_asked_about_until_no_statement_can_be_under_way_any_more_and_the_database_have_answered()
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

    private sealed class LossyStore : IMailStore
    {
        public bool Fails { get; set; }

        public List<HeldClaim> Held { get; } = [];

        public List<RecordIdentity> Released { get; } = [];

        public Task<ClaimResult> ClaimAsync(MailRecord record, Guid workerId, bool reclaimOwn = false, CancellationToken cancellationToken = default) =>
            Answer<ClaimResult>(new ClaimResult.NoLease());

        public Task<bool> ReleaseAsync(RecordIdentity identity, long fencingToken, CancellationToken cancellationToken = default)
        {
            if (!Fails)
                Released.Add(identity);
            return Answer(true);
        }

        public Task<IReadOnlyList<HeldClaim>> ListHeldAsync(
            Guid workerId, IReadOnlyCollection<Guid> mailIds, CancellationToken cancellationToken = default) =>
            Answer<IReadOnlyList<HeldClaim>>([.. Held.Where(held => mailIds.Contains(held.Identity.MailId))]);

        public Task<bool> RecordSentAsync(
            MailRecord record, long fencingToken, IReadOnlyCollection<RecipientAnswer> answers, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task<bool> WriteOutboxEntryAsync(
            MailRecord record, long fencingToken, OutboxEntry outboxEntry, IReadOnlyCollection<RecipientAnswer> answers, string? error = null,
            CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<bool> MarkPublishedAsync(RecordIdentity identity, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<bool> AbandonAsync(RecordIdentity identity, long fencingToken, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        private Task<T> Answer<T>(T answer) => Fails ? Task.FromException<T>(new TimeoutException("The answer got lost.")) : Task.FromResult(answer);
    }
}
