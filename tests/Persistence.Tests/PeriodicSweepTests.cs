using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Persistence.Tests;

public sealed class PeriodicSweepTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    [Test]
    public async Task It_sweeps_at_the_start_and_after_each_interval_whatever_becomes_of_a_sweep()
    {
        var timeProvider = new FakeTimeProvider();
        using var job = new Job(timeProvider, new InvalidOperationException("a row that cannot be read"), new NpgsqlException("down", new IOException()), null);

        await job.StartAsync(CancellationToken.None);
        await job.HasSweptAsync(1);
        for (var sweeps = 2; sweeps <= 4; sweeps++)
        {
            timeProvider.Advance(Interval);
            await job.HasSweptAsync(sweeps);
        }

        await job.StopAsync(CancellationToken.None);
        job.ExecuteTask!.IsFaulted.ShouldBeFalse();
    }

    private sealed class Job(TimeProvider timeProvider, params Exception?[] faults) : PeriodicSweep("rows", Interval, timeProvider, NullLogger.Instance)
    {
        private int _sweeps;

        public Task HasSweptAsync(int times) => Eventually.Until(() => Volatile.Read(ref _sweeps) == times, null, $"sweep {times}");

        protected override Task SweepAsync(CancellationToken cancellationToken) =>
            faults.ElementAtOrDefault(Interlocked.Increment(ref _sweeps) - 1) is { } exception ? Task.FromException(exception) : Task.CompletedTask;
    }
}
