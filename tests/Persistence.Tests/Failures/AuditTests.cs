using NUnit.Framework;
using Persistence.Failures;
using Shouldly;

namespace Persistence.Tests.Failures;

public sealed class AuditTests : StoreTests
{
    [Test]
    public async Task What_was_done_is_listed_by_person_and_time_page_by_page()
    {
        await using var store = await Store.OpenMigratedAsync();
        for (var number = 0; number < 5; number++)
        {
            var failure = (await store.Failures.ProjectAsync(Make.DeadLetter(null))).FailureId;
            await store.Failures.DiscardAsync(failure, number == 2 ? FailureAction.SystemActor : $"shop: person {number % 2}", $"reason {number}");
        }

        await store.ExecuteAsync("UPDATE email.failure_actions SET at = now() - interval '1 day' WHERE reason = 'reason 0'");
        (await ReasonsAsync(new ActionFilter())).ShouldBe(["reason 4", "reason 3", "reason 2", "reason 1", "reason 0"]);
        (await ReasonsAsync(new ActionFilter { ByPeople = true })).ShouldBe(["reason 4", "reason 3", "reason 1", "reason 0"]);
        (await ReasonsAsync(new ActionFilter { Actor = "shop: person 1" })).ShouldBe(["reason 3", "reason 1"]);
        (await ReasonsAsync(new ActionFilter { Since = DateTimeOffset.UtcNow.AddHours(-1), Actor = "shop: person 0" })).ShouldBe(["reason 4"]);
        (await ReasonsAsync(new ActionFilter { Until = DateTimeOffset.UtcNow.AddHours(-1) })).ShouldBe(["reason 0"]);

        var first = await store.Failures.ListActionsAsync(new ActionFilter(), limit: 2);
        var second = await store.Failures.ListActionsAsync(new ActionFilter(), limit: 2, before: first[^1].Id);
        second.Select(action => action.Reason).ShouldBe(["reason 2", "reason 1"]);

        async Task<IEnumerable<string?>> ReasonsAsync(ActionFilter filter) => (await store.Failures.ListActionsAsync(filter, 10)).Select(action => action.Reason);
    }
}
