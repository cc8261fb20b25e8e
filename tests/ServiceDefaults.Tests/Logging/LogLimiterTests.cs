using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using ServiceDefaults.Logging;
using Shouldly;
using Testing;

namespace ServiceDefaults.Tests.Logging;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LogLimiterTests : IDisposable
{
    private readonly FakeTimeProvider _timeProvider = new();
    private readonly LogLines _lines = new();

    [Test]
    public void A_flood_of_one_cause_is_some_lines_and_a_sum()
    {
        var limiter = new LogLimiter(_timeProvider);

        var written = Enumerable.Range(0, 343).Count(_ => limiter.Allows(_lines, LogLevel.Warning, "dead letters", "550 5.1.1"));
        _timeProvider.Advance(LogLimiter.Interval);

        written.ShouldBe(LogLimiter.Lines);
        _lines.Of(LogLevel.Warning).ShouldBe(["338 more dead letters in 00:00:10: 550 5.1.1"]);
    }

    [Test]
    public void Another_cause_has_lines_of_its_own_and_few_lines_have_no_sum()
    {
        var limiter = new LogLimiter(_timeProvider);

        for (var line = 0; line < LogLimiter.Lines; line++)
        {
            limiter.Allows(_lines, LogLevel.Warning, "dead letters", "550 5.1.1").ShouldBeTrue();
            limiter.Allows(_lines, LogLevel.Warning, "dead letters", "552 5.2.2").ShouldBeTrue();
        }

        _timeProvider.Advance(LogLimiter.Interval);
        _lines.Of(LogLevel.Warning).ShouldBeEmpty();
    }

    [Test]
    public void After_the_interval_lines_are_written_again()
    {
        var limiter = new LogLimiter(_timeProvider);
        while (limiter.Allows(_lines, LogLevel.Warning, "dead letters", "550 5.1.1"))
        {
            // Until it is a flood.
        }

        _timeProvider.Advance(LogLimiter.Interval);

        limiter.Allows(_lines, LogLevel.Warning, "dead letters", "550 5.1.1").ShouldBeTrue();
    }

    [Test]
    public void Causes_without_number_are_told_as_one()
    {
        var limiter = new LogLimiter(_timeProvider);

        var written = Enumerable.Range(0, 100_000).Count(cause => limiter.Allows(_lines, LogLevel.Warning, "dead letters", $"{cause}"));
        _timeProvider.Advance(LogLimiter.Interval);

        written.ShouldBe(1_000 + LogLimiter.Lines);
        _lines.Of(LogLevel.Warning).ShouldBe(["98995 more dead letters in 00:00:10: other causes"]);
    }

    public void Dispose() => _lines.Dispose();
}
