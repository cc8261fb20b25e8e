using NUnit.Framework;
using Persistence.Deliveries;
using Persistence.Workers;
using Shouldly;

namespace Persistence.Tests.Workers;

public sealed class WorkerStoreTests : BooksTests
{
    [Test]
    public async Task A_heartbeat_renews_an_unbroken_lease()
    {
        var worker = await Books.StartWorkerAsync();
        var before = await LeaseAsync(worker);
        (await Books.Workers.HeartbeatAsync(worker, Books.Lease * 2, CancellationToken.None)).ShouldBe(Heartbeat.Unbroken);
        (await LeaseAsync(worker)).ShouldBeGreaterThan(before);
    }

    [Test]
    public async Task A_heartbeat_after_the_lease_ran_out_says_so_and_protects_again_what_nobody_took()
    {
        var worker = await Books.StartWorkerAsync();
        var record = Make.Record();
        await Books.ClaimAsync(record, worker);
        await Books.LoseLeaseAsync(worker);
        (await Books.Workers.HeartbeatAsync(worker, Books.Lease, CancellationToken.None)).ShouldBe(Heartbeat.Lapsed);
        (await Books.Deliveries.ClaimAsync(record, Worker)).ShouldBeOfType<ClaimResult.Busy>();
    }

    [Test]
    public async Task A_worker_that_stopped_protects_nothing_and_cannot_come_back()
    {
        var worker = await Books.StartWorkerAsync();
        var record = Make.Record();
        await Books.ClaimAsync(record, worker);
        await Books.Workers.StopAsync(worker, CancellationToken.None);
        (await Books.Workers.HeartbeatAsync(worker, Books.Lease, CancellationToken.None)).ShouldBe(Heartbeat.Unknown);
        (await Books.ClaimAsync(record, Worker)).TakenOverFrom.ShouldBe(worker);
    }

    [Test]
    public async Task A_worker_that_was_never_registered_is_told_so() =>
        (await Books.Workers.HeartbeatAsync(Guid.NewGuid(), Books.Lease, CancellationToken.None)).ShouldBe(Heartbeat.Unknown);

    private Task<DateTime> LeaseAsync(Guid worker) =>
        Books.ScalarAsync<DateTime>("SELECT lease_until FROM email.workers WHERE id = $1", worker);
}
