using NUnit.Framework;
using Persistence.Mails;
using Persistence.Text;
using Persistence.Workers;
using Shouldly;
using Testing;

namespace Persistence.Tests.Workers;

public sealed class WorkerStoreTests : StoreTests
{
    [Test]
    public async Task A_heartbeat_renews_an_unbroken_lease()
    {
        var worker = await Store.StartWorkerAsync();
        var before = await LeaseAsync(worker);
        (await Store.Workers.HeartbeatAsync(worker, Leases.Lasting * 2, null, null, CancellationToken.None)).ShouldBe(Heartbeat.Unbroken);
        (await LeaseAsync(worker)).ShouldBeGreaterThan(before);
    }

    [Test]
    public async Task The_pace_of_the_live_workers_is_told_together_and_has_a_limit_where_all_of_them_have_one()
    {
        var (first, second, silent) = (await Store.StartWorkerAsync(), await Store.StartWorkerAsync(), await Store.StartWorkerAsync());
        await BeatAsync(first, new WorkerPace(12, 14.5, 3, 20));
        await BeatAsync(second, new WorkerPace(8, null, 2, 5));
        await BeatAsync(silent, null);
        (await Store.Workers.FindPaceAsync()).ShouldBe(new WorkerPace(20, null, 5, 25));

        await BeatAsync(second, new WorkerPace(8, 10, 2, 5));
        (await Store.Workers.FindPaceAsync()).ShouldBe(new WorkerPace(20, 24.5, 5, 25));

        await Store.Workers.StopAsync(second, CancellationToken.None);
        (await Store.Workers.FindPaceAsync()).ShouldBe(new WorkerPace(12, 14.5, 3, 20));

        Task BeatAsync(Guid worker, WorkerPace? pace) => Store.Workers.HeartbeatAsync(worker, Leases.Lasting, null, pace, CancellationToken.None);
    }

    [Test]
    public async Task Workers_are_listed_with_their_pause_and_those_that_went_away_without_a_word()
    {
        var (live, gone, stopped) = (await Store.StartWorkerAsync("listed:1"), await Store.StartWorkerAsync("listed:2"), await Store.StartWorkerAsync("listed:3"));
        await Store.Workers.HeartbeatAsync(live, Leases.Lasting, new Pause("the relay is away", null), new WorkerPace(12, 14.5, 3, 20), CancellationToken.None);
        await Store.LoseLeaseAsync(gone);
        await Store.Workers.StopAsync(stopped, CancellationToken.None);

        var listed = (await Store.Workers.ListAsync()).Where(worker => worker.Name.StartsWith("listed:", StringComparison.Ordinal)).ToList();
        listed.Select(worker => (worker.Id, worker.IsLive)).ShouldBe([(live, true), (gone, false)]);
        (listed[0].Pause, listed[0].Present, listed[0].Allowed, listed[0].Connections).ShouldBe((new Pause("the relay is away", null), 12, 14.5, 20));
        listed[1].Pause.ShouldBeNull();
        listed[1].Connections.ShouldBeNull();
    }

    [Test]
    public async Task Each_of_several_relays_is_told_by_its_name()
    {
        var (first, second) = (await Store.StartWorkerAsync(), await Store.StartWorkerAsync());
        var since = new DateTimeOffset(2026, 11, 29, 7, 0, 0, TimeSpan.Zero);
        await BeatAsync(first, new("bulk", new WorkerPace(0, 14, 3, 20)) { UnavailableSince = since, UnavailableReason = "421 \0 away" }, new("default", new WorkerPace(12, null, 0, 20)));
        await BeatAsync(second, new("default", new WorkerPace(8, 10, 0, 5)), new("bulk", new WorkerPace(1, 14, 0, 20)));

        (await Store.Workers.FindPaceAsync()).Relays.ShouldBe(
        [
            new RelayReport("bulk", new WorkerPace(1, 28, 3, 40)) { UnavailableSince = since, UnavailableReason = PostgresText.Clean("421 \0 away") },
            new RelayReport("default", new WorkerPace(20, null, 0, 25)),
        ]);
        await Store.Workers.StopAsync(first, CancellationToken.None);
        await Store.Workers.StopAsync(second, CancellationToken.None);
        (await Store.Workers.FindPaceAsync()).Relays.ShouldBeEmpty("they are not live any more");

        Task BeatAsync(Guid worker, params RelayReport[] relays) =>
            Store.Workers.HeartbeatAsync(worker, Leases.Lasting, null, new WorkerPace(0, null, 0, 0) { Relays = relays }, CancellationToken.None);
    }

    [Test]
    public async Task The_other_live_workers_are_told_with_their_pace_at_each_relay()
    {
        var (self, alone, several, silent, stopped) = (
            await Store.StartWorkerAsync(), await Store.StartWorkerAsync(), await Store.StartWorkerAsync(), await Store.StartWorkerAsync(), await Store.StartWorkerAsync());
        await BeatAsync(self, new WorkerPace(1, 2, 0, 20));
        await BeatAsync(alone, new WorkerPace(12, 14.5, 3, 20));
        await BeatAsync(several, new WorkerPace(9, null, 0, 40) { Relays = [new("bulk", new WorkerPace(8, 10, 0, 20)), new("default", new WorkerPace(1, null, 0, 20))] });
        await Store.Workers.StopAsync(stopped, CancellationToken.None);

        // Workers of other tests may be live, too.
        Guid[] own = [self, alone, several, silent, stopped];
        (await Store.Workers.FindOthersAsync(self, CancellationToken.None)).Where(other => own.Contains(other.Id)).ShouldBe(
            [new OtherWorker(alone, null, 12, 14.5), new OtherWorker(several, "bulk", 8, 10), new OtherWorker(several, "default", 1, null), new OtherWorker(silent, null, 0, null)],
            ignoreOrder: true);
        foreach (var worker in own)
            await Store.Workers.StopAsync(worker, CancellationToken.None);

        Task BeatAsync(Guid worker, WorkerPace pace) => Store.Workers.HeartbeatAsync(worker, Leases.Lasting, null, pace, CancellationToken.None);
    }

    [Test]
    public async Task A_heartbeat_after_the_lease_ran_out_says_so_and_protects_again_what_was_not_taken_over()
    {
        var worker = await Store.StartWorkerAsync();
        var record = Make.Record();
        await Store.ClaimAsync(record, worker);
        await Store.LoseLeaseAsync(worker);
        (await Store.Workers.HeartbeatAsync(worker, Leases.Lasting, null, null, CancellationToken.None)).ShouldBe(Heartbeat.Lapsed);
        (await Store.Mails.ClaimAsync(record, Worker)).ShouldBeOfType<ClaimResult.Busy>();
    }

    [Test]
    public async Task A_worker_that_stopped_protects_nothing_and_cannot_come_back()
    {
        var worker = await Store.StartWorkerAsync();
        var record = Make.Record();
        await Store.ClaimAsync(record, worker);
        await Store.Workers.StopAsync(worker, CancellationToken.None);
        (await Store.Workers.HeartbeatAsync(worker, Leases.Lasting, null, null, CancellationToken.None)).ShouldBe(Heartbeat.Unknown);
        (await Store.ClaimAsync(record, Worker)).TakenOverFrom.ShouldBe(worker);
    }

    [Test]
    public async Task A_worker_that_was_never_registered_is_told_so() =>
        (await Store.Workers.HeartbeatAsync(Guid.NewGuid(), Leases.Lasting, null, null, CancellationToken.None)).ShouldBe(Heartbeat.Unknown);

    private Task<DateTime> LeaseAsync(Guid worker) =>
        Store.ScalarAsync<DateTime>("SELECT lease_until FROM email.workers WHERE id = $1", worker);
}
