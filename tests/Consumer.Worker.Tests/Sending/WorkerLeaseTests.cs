using Consumer.Worker.Sending;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NUnit.Framework;
using Persistence.Workers;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Sending;

internal sealed class WorkerLeaseTests
{
    private ShiftedTime _timeProvider = null!;
    private NpgsqlDataSource _postgres = null!;
    private WorkerLease _lease = null!;

    [SetUp]
    public async Task SetUp()
    {
        _timeProvider = new ShiftedTime();
        var database = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("lease");
        await Databases.MigrateAsync(database);
        _postgres = NpgsqlDataSource.Create(database);
        _lease = new WorkerLease(
            new WorkerStore(_postgres), NoPause.Of(), Microsoft.Extensions.Options.Options.Create(new WorkerOptions()), _timeProvider, NullLogger<WorkerLease>.Instance);
    }

    [TearDown]
    public async Task TearDown()
    {
        _lease?.Dispose();
        if (_postgres is not null)
            await _postgres.DisposeAsync();
    }

    [Test]
    public async Task A_lease_that_is_renewed_in_time_goes_on()
    {
        _lease.IsHeldSince(_lease.Term).ShouldBeFalse();
        await _lease.RenewAsync(CancellationToken.None);
        var term = _lease.Term;
        await _lease.RenewAsync(CancellationToken.None);
        _lease.IsHeldSince(term).ShouldBeTrue();
    }

    [TestCase("lease_until = now() - interval '1 second'", TestName = "A lease that ran out and was renewed is another one")]
    [TestCase("stopped_at = now()", TestName = "A worker that was taken for stopped and registers anew has another lease")]
    public async Task A_lease_with_a_gap_is_another_one(string gap)
    {
        await _lease.RenewAsync(CancellationToken.None);
        var term = _lease.Term;
        await ExecuteAsync(gap);

        await _lease.RenewAsync(CancellationToken.None);

        _lease.IsHeld.ShouldBeTrue();
        _lease.IsHeldSince(term).ShouldBeFalse("what was claimed before the gap may be another worker's");
        _lease.IsHeldSince(_lease.Term).ShouldBeTrue();
    }

    [Test]
    public async Task A_lease_that_a_heartbeat_found_lapsed_is_another_one_though_that_heartbeats_result_was_lost()
    {
        await _lease.RenewAsync(CancellationToken.None);
        var term = _lease.Term;
        _timeProvider.Monotonic = Lease + TimeSpan.FromSeconds(1);
        // Found lapsed and renewed, and nobody has told this process.
        await ExecuteAsync("lease_until = now() + interval '1 minute'");

        await _lease.RenewAsync(CancellationToken.None);

        _lease.IsHeld.ShouldBeTrue();
        _lease.IsHeldSince(term).ShouldBeFalse();
    }

    [Test]
    public async Task A_machine_that_was_suspended_has_lost_its_lease_by_the_clock_on_the_wall()
    {
        await _lease.RenewAsync(CancellationToken.None);
        _timeProvider.Wall = Lease + TimeSpan.FromSeconds(1);
        _lease.IsHeld.ShouldBeFalse();

        _timeProvider.Wall = -Lease;
        _lease.IsHeld.ShouldBeTrue("a clock that was set back says nothing");
        _timeProvider.Monotonic = Lease + TimeSpan.FromSeconds(1);
        _lease.IsHeld.ShouldBeFalse();
    }

    [Test]
    public async Task Many_that_find_no_lease_at_once_renew_it_once()
    {
        var seen = _lease.Renewals;

        await Task.WhenAll(Enumerable.Range(0, 240).Select(_ => _lease.RenewAsync(seen, CancellationToken.None)));

        _lease.Renewals.ShouldBe(seen + 1);
        _lease.IsHeld.ShouldBeTrue();
    }

    private static TimeSpan Lease => new WorkerOptions().Lease;

    private async Task ExecuteAsync(string set)
    {
        await using var command = _postgres.CreateCommand($"UPDATE email.workers SET {set}");
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The machine's clocks, each shifted by itself.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Monotonic { get; set; }

        public TimeSpan Wall { get; set; }

        public override long GetTimestamp() => System.GetTimestamp() + (long)(Monotonic.TotalSeconds * TimestampFrequency);

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Wall;
    }
}
