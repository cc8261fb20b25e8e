using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using NUnit.Framework;
using ServiceDefaults.Periodic;
using Shouldly;
using Testing;

namespace ServiceDefaults.Tests.Periodic;

public sealed class PeriodicServiceTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    [Test]
    public async Task It_runs_at_the_start_and_after_each_interval_whatever_becomes_of_a_run()
    {
        var timeProvider = new FakeTimeProvider();
        using var job = new Job(timeProvider, new LogLines(), new InvalidOperationException("a row that cannot be read"), new NpgsqlException("down", new IOException()), null);

        await job.StartAsync(CancellationToken.None);
        await job.HasRunAsync(1);
        for (var runs = 2; runs <= 4; runs++)
        {
            timeProvider.Advance(Interval);
            await job.HasRunAsync(runs);
        }

        await job.StopAsync(CancellationToken.None);
        job.ExecuteTask!.IsFaulted.ShouldBeFalse();
    }

    [Test]
    public async Task A_failure_that_repeats_is_logged_ever_more_seldom_and_its_end_once()
    {
        var timeProvider = new FakeTimeProvider();
        var lines = new LogLines();
        using var job = new Job(timeProvider, lines, [.. Enumerable.Repeat(new NpgsqlException("down", new IOException()), 9)]);

        await job.StartAsync(CancellationToken.None);
        await job.HasRunAsync(1);
        for (var runs = 2; runs <= 11; runs++)
        {
            timeProvider.Advance(Interval);
            await job.HasRunAsync(runs);
        }

        await job.StopAsync(CancellationToken.None);
        lines.Of(LogLevel.Warning).Select(line => line.Split('(', ')')[1]).ShouldBe(["1 in a row", "2 in a row", "4 in a row", "8 in a row"]);
        lines.Of(LogLevel.Information).ShouldBe(["The work works again after 9 failures"]);
    }

    [Test]
    public void Another_kind_of_failure_is_news()
    {
        var streak = new FailureStreak();
        Exception[] failures = [new IOException(), new IOException(), new IOException(), new TimeoutException(), new IOException()];

        failures.Select(streak.Add).ShouldBe([true, true, false, true, true]);
    }

    [Test]
    public void The_pause_doubles_with_each_failure_after_the_first_up_to_the_longest_and_is_the_interval_again_after_a_success()
    {
        var streak = new FailureStreak();
        TimeSpan Pause() => streak.Pause(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30));

        var pauses = new List<double> { Pause().TotalSeconds };
        for (var failure = 0; failure < 40; failure++)
        {
            streak.Add(new IOException());
            pauses.Add(Pause().TotalSeconds);
        }

        pauses.Take(5).ShouldBe([10, 10, 20, 30, 30]);
        pauses[^1].ShouldBe(30);
        streak.Clear();
        Pause().ShouldBe(TimeSpan.FromSeconds(10));
    }

    private sealed class Job(TimeProvider timeProvider, ILogger logger, params Exception?[] failures) : PeriodicService("The work", Interval, timeProvider, logger)
    {
        private int _runs;

        public Task HasRunAsync(int times) => Eventually.Until(() => Volatile.Read(ref _runs) == times, null, $"run {times}");

        protected override Task RunOnceAsync(CancellationToken cancellationToken) =>
            failures.ElementAtOrDefault(Interlocked.Increment(ref _runs) - 1) is { } exception ? Task.FromException(exception) : Task.CompletedTask;
    }
}
