using NUnit.Framework;
using Persistence.Ledger;
using Shouldly;

namespace Persistence.Tests.Ledger;

public sealed class LedgerRunStoreTests : StoreTests
{
    [Test]
    public async Task The_last_runs_are_remembered_the_newest_with_its_report()
    {
        await using var store = await Store.OpenMigratedAsync();
        var runs = new LedgerRunStore(store.DataSource);
        (await runs.ListAsync(10)).ShouldBeEmpty();
        await store.ExecuteAsync("INSERT INTO email.ledger_runs (started_at, records, findings, put_back, report) SELECT now(), n, 0, 0, '{}' FROM generate_series(1, 1100) AS n");
        await runs.AddAsync(new LedgerRunSummary(Make.Noon, Make.Noon, 23, 2, 1), """{"notes":["a note"]}""");

        var last = await runs.ListAsync(2);
        (last[0].Records, last[0].Findings, last[0].PutBack, last[0].StartedAt).ShouldBe((23, 2, 1, Make.Noon));
        last[0].Report!.Value.GetProperty("notes")[0].GetString().ShouldBe("a note");
        last[1].Records.ShouldBe(1_100);
        last[1].Report.ShouldBeNull();
        (await store.ScalarAsync<long>("SELECT count(*) FROM email.ledger_runs")).ShouldBeLessThanOrEqualTo(LedgerRunStore.Remembered + 1);
    }
}
