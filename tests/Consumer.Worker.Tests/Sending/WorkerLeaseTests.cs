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
    private NpgsqlDataSource _postgres = null!;
    private WorkerLease _lease = null!;

    [SetUp]
    public async Task SetUp()
    {
        var database = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("lease");
        await Databases.MigrateAsync(database);
        _postgres = NpgsqlDataSource.Create(database);
        _lease = new WorkerLease(
            new WorkerStore(_postgres), Microsoft.Extensions.Options.Options.Create(new WorkerOptions()), TimeProvider.System, NullLogger<WorkerLease>.Instance);
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
        await using (var command = _postgres.CreateCommand($"UPDATE email.workers SET {gap}"))
            await command.ExecuteNonQueryAsync();

        await _lease.RenewAsync(CancellationToken.None);

        _lease.IsHeld.ShouldBeTrue();
        _lease.IsHeldSince(term).ShouldBeFalse("what was claimed before the gap may be another worker's");
        _lease.IsHeldSince(_lease.Term).ShouldBeTrue();
    }
}
