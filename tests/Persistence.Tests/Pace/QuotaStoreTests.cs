using NUnit.Framework;
using Persistence.Pace;
using Shouldly;

namespace Persistence.Tests.Pace;

public sealed class QuotaStoreTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private Store _store = null!;
    private QuotaStore _quotas = null!;

    [SetUp]
    public async Task OpenAsync()
    {
        _store = await Store.OpenMigratedAsync();
        _quotas = new QuotaStore(_store.DataSource);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
    }

    [Test]
    public async Task What_is_left_is_given_and_then_nothing()
    {
        (await _quotas.UseAsync(QuotaStore.DefaultRelay, Hour, 10, 7)).ShouldBe(7);
        (await _quotas.UseAsync(QuotaStore.DefaultRelay, Hour, 10, 7)).ShouldBe(3);
        (await _quotas.UseAsync(QuotaStore.DefaultRelay, Hour, 10, 7)).ShouldBe(0);
        (await _quotas.UseAsync(QuotaStore.DefaultRelay, Day, 10, 7)).ShouldBe(7, "a day's quota is another");
    }

    [Test]
    public async Task Each_relay_has_quotas_of_its_own()
    {
        (await _quotas.UseAsync("bulk", Hour, 10, 7)).ShouldBe(7);
        (await _quotas.UseAsync(QuotaStore.DefaultRelay, Hour, 10, 7)).ShouldBe(7);
        (await _quotas.UseAsync("news", Hour, 10, 7)).ShouldBe(7);
        (await _quotas.UseAsync("bulk", Hour, 10, 7)).ShouldBe(3);
        await _store.ExecuteAsync("UPDATE email.relay_quotas SET part_end = part_end - interval '2 hours' WHERE relay = 'bulk'");
        (await _quotas.UseAsync("bulk", Hour, 10, 10)).ShouldBe(10);
        (await _quotas.UseAsync("news", Hour, 10, 10)).ShouldBe(3);
    }

    [Test]
    public async Task Of_many_that_ask_at_once_all_together_get_no_more_than_the_quota()
    {
        var given = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => _quotas.UseAsync(QuotaStore.DefaultRelay, Hour, 100, 7)));
        given.Sum().ShouldBe(100);
    }

    [Test]
    public async Task What_was_used_counts_for_the_whole_window_and_is_free_after_it()
    {
        await _quotas.UseAsync(QuotaStore.DefaultRelay, Hour, 10, 10);
        await _store.ExecuteAsync("UPDATE email.pace_quotas SET part_end = part_end - interval '55 minutes'");
        (await _quotas.UseAsync(QuotaStore.DefaultRelay, Hour, 10, 1)).ShouldBe(0);
        await _store.ExecuteAsync("UPDATE email.pace_quotas SET part_end = part_end - interval '10 minutes'");
        (await _quotas.UseAsync(QuotaStore.DefaultRelay, Hour, 10, 10)).ShouldBe(10);
        (await _store.ScalarAsync<long>("SELECT count(*) FROM email.pace_quotas")).ShouldBeInRange(1, 2, "old parts are removed");
    }

    [Test]
    public async Task A_quota_that_was_lowered_below_what_is_used_gives_nothing()
    {
        await _quotas.UseAsync(QuotaStore.DefaultRelay, Hour, 10, 10);
        (await _quotas.UseAsync(QuotaStore.DefaultRelay, Hour, 5, 1)).ShouldBe(0);
    }
}
