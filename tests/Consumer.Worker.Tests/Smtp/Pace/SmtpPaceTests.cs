using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Pace;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Smtp.Pace;

internal sealed class SmtpPaceTests
{
    private static readonly SmtpReply TooFast = SmtpReply.Parse(454, "Throttling failure: Maximum sending rate exceeded.");

    private readonly FakeTimeProvider _timeProvider = new(DateTimeOffset.UtcNow);

    [Test]
    public async Task At_full_speed_nobody_waits()
    {
        var pace = Pace(new SmtpOptions());
        for (var i = 0; i < 10_000; i++)
            await pace.TakeAsync(default, CancellationToken.None);
        pace.AllowedRate.ShouldBeNull();
        pace.Status.Text.ShouldBeNull();
        pace.Claims.Limit.ShouldBe(int.MaxValue);
    }

    [Test]
    public async Task A_rate_lets_nothing_pass_before_it_is_known_how_many_share_it()
    {
        var pace = Pace(new SmtpOptions { Rate = "10/s,300/m" });
        var mail = pace.TakeAsync(default, CancellationToken.None).AsTask();
        await AdvanceAsync(5);
        mail.IsCompleted.ShouldBeFalse();
        pace.Share(1);
        await Eventually.Until(
            async () =>
            {
                await AdvanceAsync(1);
                return mail.IsCompletedSuccessfully;
            },
            null, "the mail may go");
        pace.AllowedRate.ShouldBe(5, "the lower of both");
        pace.Share(4);
        pace.AllowedRate.ShouldBe(1.25);
    }

    [Test]
    public void A_complaint_slows_and_is_said_once_and_ends_when_nothing_is_heard_of_it()
    {
        var log = new LogLines();
        var pace = Pace(new SmtpOptions(), log.CreateLogger(""));
        for (var i = 0; i < 14; i++)
            pace.OnAccepted();
        for (var i = 0; i < 20; i++)
            pace.OnThrottled(Throttled(pace), refusedBefore: null).ShouldBeFalse();
        pace.AllowedRate.ShouldBe(14);
        pace.OnAccepted();
        pace.Status.Text!.ShouldStartWith("Slowed by the mail server: 14");
        pace.Claims.Limit.ShouldBe(40);
        log.Of(LogLevel.Warning).ShouldHaveSingleItem();

        _timeProvider.Advance(TimeSpan.FromSeconds(LearnedRate.ForgetAfter + 1));
        pace.OnAccepted();
        pace.AllowedRate.ShouldBeNull();
        pace.Status.Text.ShouldBeNull();
    }

    [Test]
    public void Where_nothing_is_accepted_it_is_throttled_since_then_and_after_the_time_that_is_given_for_long()
    {
        var pace = Pace(new SmtpOptions { ThrottlePatience = TimeSpan.FromMinutes(10) });
        pace.OnThrottled(Throttled(pace), refusedBefore: null);
        _timeProvider.Advance(TimeSpan.FromMinutes(9));
        pace.OnThrottled(Throttled(pace), refusedBefore: 0);
        (pace.Status.Text!.Contains("Throttled since", StringComparison.Ordinal), pace.Status.Lasts).ShouldBe((true, false));
        _timeProvider.Advance(TimeSpan.FromMinutes(1));
        pace.Status.Lasts.ShouldBeTrue();
        pace.OnAccepted();
        (pace.Status.ThrottledSince, pace.Status.Lasts).ShouldBe((null, false));
    }

    [Test]
    public void A_mail_that_is_refused_again_while_others_pass_slows_nobody()
    {
        var pace = Pace(new SmtpOptions());
        for (var i = 0; i < 100; i++)
            pace.OnAccepted();
        pace.OnThrottled(Throttled(pace), refusedBefore: null);
        var (refused, rate) = (pace.Now, pace.AllowedRate);
        _timeProvider.Advance(TimeSpan.FromSeconds(5));
        pace.OnAccepted();
        pace.OnThrottled(Throttled(pace), refusedBefore: refused).ShouldBeTrue();
        pace.AllowedRate.ShouldBe(rate);
    }

    private static ThrottledMailException Throttled(SmtpPace pace) => new("refused", TooFast, ThrottleScope.Rate, pace.Now, 1);

    private SmtpPace Pace(SmtpOptions options, ILogger? logger = null) => new(
        Microsoft.Extensions.Options.Options.Create(options), _timeProvider, logger is null ? NullLogger<SmtpPace>.Instance : new Wrapped(logger));

    private async Task AdvanceAsync(double seconds)
    {
        for (var i = 0; i < seconds * 10; i++)
        {
            _timeProvider.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
    }

    private sealed class Wrapped(ILogger logger) : ILogger<SmtpPace>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            logger.Log(logLevel, eventId, state, exception, formatter);
    }
}
