using NUnit.Framework;
using Persistence.Failures;
using Shouldly;

namespace Persistence.Tests.Failures;

public sealed class SearchTests : StoreTests
{
    [Test]
    public async Task Pages_are_newest_first_and_meet_each_failure_once_while_new_ones_arrive()
    {
        var fingerprint = Fingerprint.Of("Paged", "m");
        var expected = new List<Guid>();
        // Several of the same time: the id decides between them.
        for (var number = 0; number < 7; number++)
            expected.Add(await ProjectAsync(number / 3));
        var filter = new FailureFilter { Fingerprint = fingerprint };

        var found = new List<FailureSummary>();
        string? cursor = null;
        do
        {
            var page = await Store.Failures.ListAsync(filter, 2, cursor);
            page.Items.Count.ShouldBeLessThanOrEqualTo(2);
            found.AddRange(page.Items);
            cursor = page.NextCursor;
            await ProjectAsync(hours: 100);
        }
        while (cursor is not null);

        found.Select(failure => failure.Id).ShouldBe(expected, ignoreOrder: true);
        found.Select(failure => failure.FailedAt).ShouldBeInOrder(SortDirection.Descending);

        async Task<Guid> ProjectAsync(int hours) => (await Store.Failures.ProjectAsync(Make.DeadLetter(null) with
        {
            ExceptionType = "Paged",
            Message = "m",
            FailedAt = Make.Noon.AddHours(hours),
        })).FailureId;
    }

    [Test]
    public async Task Each_filter_finds_its_failures_and_no_others()
    {
        var record = Make.Record(to: "Filter@Example.com");
        await Store.DieAsync(record, Worker);
        var failedAt = Make.Noon.AddYears(1);
        var letter = Make.DeadLetter(record.Identity.MailId) with { ExceptionType = "Filtered", FailedAt = failedAt };
        var (id, fingerprint) = await Store.Failures.ProjectAsync(letter) is var projection ? (projection.FailureId, projection.Fingerprint) : default;
        await Store.Failures.DiscardAsync(id, "ann", null);
        await Store.Failures.ProjectAsync(Make.DeadLetter(Guid.CreateVersion7()));

        FailureFilter[] filters =
        [
            new() { Status = FailureStatus.Discarded }, new() { Fingerprint = fingerprint }, new() { MailId = record.Identity.MailId },
            new() { Recipient = "filter@example.COM" }, new() { Since = failedAt, Until = failedAt.AddTicks(10) },
            new() { Status = FailureStatus.Discarded, Fingerprint = fingerprint, Recipient = "filter@example.com", Since = failedAt.ToOffset(TimeSpan.FromHours(2)) },
        ];
        foreach (var filter in filters)
            (await Store.Failures.ListAsync(filter, 100)).Items.ShouldHaveSingleItem(filter.ToString()).Id.ShouldBe(id);
        (await Store.Failures.ListAsync(filters[0] with { Until = failedAt }, 100)).Items.ShouldBeEmpty();
    }

    [TestCase("")]
    [TestCase("nonsense")]
    [TestCase("________________________________")]
    [TestCase("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")]
    public async Task A_cursor_that_was_made_up_is_refused(string cursor) =>
        (await Should.ThrowAsync<FormatException>(() => Store.Failures.ListAsync(new FailureFilter(), 10, cursor)))
            .Message.ShouldContain("is not a cursor of this list");
}
