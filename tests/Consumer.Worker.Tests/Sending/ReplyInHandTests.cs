using System.Diagnostics.Metrics;
using System.Reflection;
using Consumer.Worker.Dkim;
using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Relays;
using Contracts;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
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

/// <summary>The mail server has replied when the worker stops, or its partition goes to another worker: the reply counts all the same.</summary>
internal sealed class ReplyInHandTests
{
    private const string Ann = "ann@example.com";
    private const string Bob = "bob@example.com";

    private static readonly SmtpReply Ok = new(250, "2.0.0", "Ok");

    private readonly FakeTimeProvider _timeProvider = new();
    private InMemoryMailStore _mails = null!;
    private CancellationTokenSource _stop = null!;
    private ServiceProvider _services = null!;
    private NpgsqlDataSource _postgres = null!;
    private WorkerLease _lease = null!;
    private WorkerShutdown _shutdown = null!;
    private IncomingMail _mail = null!;

    [SetUp]
    public void SetUp()
    {
        _stop = new CancellationTokenSource();
        _mails = new InMemoryMailStore(_ => true);
        _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        _postgres = NpgsqlDataSource.Create("Host=nowhere.invalid");
        _lease = new WorkerLease(new WorkerStore(_postgres), NoPause.Of(), Create(new WorkerOptions()), _timeProvider, NullLogger<WorkerLease>.Instance);
        _shutdown = new WorkerShutdown(new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), Create(new WorkerOptions()), _timeProvider);
        _mail = new IncomingMail(new SendEmail { From = "shop@example.com", To = [Ann, Bob], Subject = "s", Text = "t" }, new MailRecord
        {
            Identity = new RecordIdentity(Guid.NewGuid(), 0, 1),
            MessageIdHeader = "1@example.com",
            Topic = "email.send",
            Partition = 0,
            Offset = 0,
            Timestamp = DateTimeOffset.UnixEpoch,
            Sender = "shop@example.com",
            ContentHash = [],
            Recipients = [new Recipient(Ann, RecipientKind.To), new Recipient(Bob, RecipientKind.To)],
        });
    }

    [TearDown]
    public async Task TearDown()
    {
        _shutdown.Dispose();
        _lease.Dispose();
        _stop.Dispose();
        await _postgres.DisposeAsync();
        await _services.DisposeAsync();
    }

    [Test]
    public async Task A_mail_that_the_server_has_taken_is_sent_though_its_handler_is_canceled()
    {
        var attempt = await ClaimAsync(new RecipientResult(Ann, RecipientOutcome.Accepted, Ok, null), new RecipientResult(Bob, RecipientOutcome.Accepted, Ok, null));

        await ConsumeAsync(attempt);

        _stop.IsCancellationRequested.ShouldBeTrue();
        attempt.Open.ShouldBeEmpty();
    }

    [Test]
    public async Task A_recipient_that_has_the_mail_is_not_sent_to_again_after_a_stop()
    {
        var busy = new SmtpFailure(SmtpPhase.Recipient, new SmtpReply(451, "4.3.0", "later"), "451 later", new Verdict(FailureKind.Transient));

        var attempt = await ClaimAsync(new RecipientResult(Ann, RecipientOutcome.Accepted, Ok, null), new RecipientResult(Bob, RecipientOutcome.Deferred, busy.Reply, busy));

        await Should.ThrowAsync<OperationCanceledException>(ConsumeAsync(attempt));
        await new OutcomeRecorder(_mails, new OwnClaims(_timeProvider), _shutdown, _timeProvider, new LogLimiter(_timeProvider), NullLogger<OutcomeRecorder>.Instance).LeaveAsync(attempt);

        var again = (await _mails.ClaimAsync(_mail.Record, Guid.NewGuid())).ShouldBeOfType<ClaimResult.Claimed>();
        again.OpenRecipients.Select(recipient => recipient.Address).ShouldBe([Bob]);
        again.TakenOverFrom.ShouldBeNull();
    }

    private async Task<DeliveryAttempt> ClaimAsync(params RecipientResult[] replies) =>
        new(_mail, (await _mails.ClaimAsync(_mail.Record, _lease.WorkerId)).ShouldBeOfType<ClaimResult.Claimed>(), leaseTerm: 0, new StoppedSender(_stop, new SendResult(replies, null)));

    private Task ConsumeAsync(DeliveryAttempt attempt)
    {
        var consumer = new SendEmailConsumer(
            _lease, new RecipientRules(new SmtpOptions()), new DkimKeys([]), new WorkerMetrics(_services.GetRequiredService<IMeterFactory>()), _timeProvider,
            NullLogger<SendEmailConsumer>.Instance);
        return consumer.Consume(ContextProxy.Of(attempt, _stop.Token));
    }

    /// <summary>Has the server's reply, and is canceled before anybody has looked at it.</summary>
    private sealed class StoppedSender(CancellationTokenSource stop, SendResult result) : ISmtpSender, ISmtpProbe, IRelay
    {
        public RelayOptions Options { get; } = new();

        public ISmtpSender Sender => this;

        public ISmtpProbe Probe => this;

        public async Task<SendResult> SendAsync(OutgoingMail mail, IReadOnlyList<string> recipients, Action beforeData, CancellationToken cancellationToken)
        {
            await stop.CancelAsync();
            return result;
        }

        public Task ProbeAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>As much of a consume context as the consumer asks for.</summary>
#pragma warning disable CA1852 // The proxy that is made at run time derives from it.
    internal class ContextProxy : DispatchProxy
#pragma warning restore CA1852
    {
        private object _attempt = null!;
        private CancellationToken _cancellationToken;

        internal static ConsumeContext<SendEmail> Of(DeliveryAttempt attempt, CancellationToken cancellationToken)
        {
            var context = Create<ConsumeContext<SendEmail>, ContextProxy>();
            var proxy = (ContextProxy)(object)context;
            (proxy._attempt, proxy._cancellationToken) = (attempt, cancellationToken);
            return context;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            switch (targetMethod?.Name)
            {
                case "TryGetPayload":
                    args![0] = _attempt;
                    return true;
                case "get_CancellationToken":
                    return _cancellationToken;
                default:
                    throw new NotSupportedException(targetMethod?.Name);
            }
        }
    }
}
