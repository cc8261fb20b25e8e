using NUnit.Framework;
using Persistence.Failures;
using Persistence.Operations;
using Shouldly;

namespace Persistence.Tests.Failures;

public sealed class GroupTests
{
    private Store _store = null!;

    [SetUp]
    public async Task OpenAsync() => _store = await Store.OpenMigratedAsync();

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    [Test]
    public async Task Failures_are_grouped_by_cause_domain_code_and_sender_and_counted_by_the_hour()
    {
        var now = DateTimeOffset.UtcNow;
        var mail = Guid.CreateVersion7();
        await ProjectAsync(mail, 0, "550 5.1.1 No such user", "shop@a.example", "ann@x.example", now.AddHours(-30));
        await _store.Failures.RequestReplayAsync((await ListAsync())[0].Id, "ann", null);
        await ProjectAsync(mail, 1, "550 5.1.1 No such user", "shop@a.example", "ann@x.example", now.AddMinutes(-90));
        await ProjectAsync(Guid.CreateVersion7(), 0, "550 5.1.1 No such user", "SHOP@a.example", "bob@y.example", now.AddMinutes(-30));
        await ProjectAsync(Guid.CreateVersion7(), 0, "451 4.3.0 Later", "news@a.example", "bob@y.example\",\"cid@x.example", now.AddMinutes(-10));

        var causes = await _store.Groups.ListAsync(FailureGroupBy.Cause, new FailureFilter(), 10);
        causes.Select(group => (group.Message, group.Open, group.FailedAgain, group.Failures, group.Mails)).ShouldBe(
            [("550 5.1.1 No such user", 2, 1, 3, 2), ("451 4.3.0 Later", 1, 0, 1, 1)]);
        causes[0].FirstSeen.ShouldBe(now.AddHours(-30), TimeSpan.FromMilliseconds(1));
        causes[0].LastSeen.ShouldBe(now.AddMinutes(-30), TimeSpan.FromMilliseconds(1));
        (causes[0].Hours.Count, causes[0].Hours.Sum(), causes[0].Hours[^1], causes[0].Hours[^2]).ShouldBe((24, 2, 1, 1));

        (await KeysAsync(FailureGroupBy.Domain)).ShouldBe([("x.example", 2), ("y.example", 2)], ignoreOrder: true);
        (await KeysAsync(FailureGroupBy.Code)).ShouldBe([("550 5.1.1", 2), ("451 4.3.0", 1)]);
        (await KeysAsync(FailureGroupBy.Sender)).ShouldBe([("shop@a.example", 2), ("news@a.example", 1)]);
        (await KeysAsync(FailureGroupBy.Domain, new FailureFilter { Code = "451" })).ShouldBe([("x.example", 1), ("y.example", 1)], ignoreOrder: true);
        (await KeysAsync(FailureGroupBy.Cause, new FailureFilter { Statuses = [FailureStatus.Resolved] })).ShouldBeEmpty();

        async Task<List<(string, long)>> KeysAsync(FailureGroupBy by, FailureFilter? filter = null) =>
            [.. (await _store.Groups.ListAsync(by, filter ?? new FailureFilter(), 10)).Select(group => (group.Key, group.Open))];
    }

    [Test]
    public async Task A_group_has_its_note_and_its_last_operation()
    {
        await ProjectAsync(Guid.CreateVersion7(), 0, "550 5.1.1 No such user", "shop@a.example", "ann@x.example", DateTimeOffset.UtcNow);
        var key = (await _store.Groups.ListAsync(FailureGroupBy.Cause, new FailureFilter(), 10))[0].Key;
        await _store.Groups.WriteNoteAsync(FailureGroupBy.Cause, key, new GroupNote("asked x.example", "ann", "T-1"), "ann");
        await _store.Groups.WriteNoteAsync(FailureGroupBy.Cause, key, new GroupNote("they answered", null, "T-1"), "ben");
        var operation = await _store.Operations.BeginAsync(new NewOperation(OperationAction.Discard, "ann")
        {
            Filter = new FailureFilter { Fingerprint = key },
            FilterJson = $$"""{"fingerprint":"{{key}}"}""",
        });

        // What was read before may still be told for some seconds where it was not written here.
        var group = (await new FailureGroupStore(_store.DataSource, TimeProvider.System).ListAsync(FailureGroupBy.Cause, new FailureFilter(), 10)).ShouldHaveSingleItem();
        group.Note.ShouldNotBeNull().ShouldSatisfyAllConditions(
            note => note.Text.ShouldBe("they answered"), note => note.Owner.ShouldBeNull(), note => note.Ticket.ShouldBe("T-1"), note => note.UpdatedBy.ShouldBe("ben"));
        group.LastOperation.ShouldNotBeNull().Id.ShouldBe(operation.Id);
        (await _store.Groups.ListAsync(FailureGroupBy.Domain, new FailureFilter(), 10))[0].Note.ShouldBeNull();
    }

    private async Task<IReadOnlyList<FailureSummary>> ListAsync() => (await _store.Failures.ListAsync(new FailureFilter(), 100)).Items;

    private Task<Projection> ProjectAsync(Guid mail, int epoch, string message, string from, string to, DateTimeOffset at) =>
        _store.Failures.ProjectAsync(Make.DeadLetter(mail, epoch, $$"""{"from":"{{from}}","to":["{{to}}"],"subject":"s","text":"t"}""") with { Message = message, FailedAt = at });
}
