using NUnit.Framework;
using Persistence.Mails;
using Persistence.Stats;
using Shouldly;

namespace Persistence.Tests.Stats;

public sealed class ActivityTests : StoreTests
{
    [Test]
    public async Task An_hour_is_counted_by_the_minute_with_the_minutes_in_which_nothing_happened()
    {
        await using var store = await Store.OpenMigratedAsync();
        var worker = await store.StartWorkerAsync();
        var (sent, old, waiting) = (Make.Record(), Make.Record(), Make.Record());
        foreach (var record in new[] { sent, old })
        {
            var claim = await store.ClaimAsync(record, worker);
            await store.Mails.RecordSentAsync(record, claim.FencingToken, [new RecipientReply(record.Recipients[0].Address, RecipientOutcome.Accepted, 250, "2.0.0", "OK")]);
        }

        await store.ClaimAsync(waiting, worker);
        // 20 and 10 minutes ago; the other two hours ago, which is not of this hour.
        await store.ExecuteAsync("UPDATE email.mails SET created_at = now() - interval '20 minutes', sent_at = now() - interval '10 minutes' WHERE id = $1", sent.Identity.MailId);
        await store.ExecuteAsync("UPDATE email.mails SET created_at = now() - interval '2 hours' WHERE id = $1", old.Identity.MailId);
        var (failure, _, _) = await store.Failures.ProjectAsync(Make.DeadLetter(null) with { FailedAt = DateTimeOffset.UtcNow.AddMinutes(-30) });

        var minutes = await new ActivityStore(store.DataSource, TimeProvider.System).ListAsync();
        minutes.Count.ShouldBe(ActivityStore.Minutes);
        minutes.Zip(minutes.Skip(1)).ShouldAllBe(pair => pair.Second.At - pair.First.At == TimeSpan.FromMinutes(1));
        (minutes.Sum(minute => minute.Read), minutes.Sum(minute => minute.Sent), minutes.Sum(minute => minute.Dead)).ShouldBe((2, 1, 1));
        Ago(minute => minute.Sent > 0).ShouldBe(10, 1);
        Ago(minute => minute.Read > 0).ShouldBe(20, 1);
        Ago(minute => minute.Dead > 0).ShouldBe(30, 1);
        failure.ShouldNotBe(Guid.Empty);

        double Ago(Func<ActivityMinute, bool> which) => minutes.Count - 1 - minutes.ToList().FindIndex(minute => which(minute));
    }

    [Test]
    public async Task A_mark_is_another_one_once_something_has_changed_and_the_same_else()
    {
        await using var store = await Store.OpenMigratedAsync();
        var empty = await FindAsync();
        (await FindAsync()).ShouldBe(empty);

        await store.ClaimAsync(Make.Record(), await store.StartWorkerAsync());
        var read = await FindAsync();
        read.Mails.ShouldNotBe(empty.Mails);
        read.Failures.ShouldBe(empty.Failures);

        var failure = (await store.Failures.ProjectAsync(Make.DeadLetter(null))).FailureId;
        var failed = await FindAsync();
        failed.Failures.ShouldNotBe(read.Failures);
        await store.Failures.DiscardAsync(failure, "ann", "a test");
        (await FindAsync()).Failures.ShouldNotBe(failed.Failures);

        Task<Changes> FindAsync() => new ChangeStore(store.DataSource, TimeProvider.System).FindAsync();
    }
}
