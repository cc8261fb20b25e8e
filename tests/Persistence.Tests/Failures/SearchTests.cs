using System.Text;
using System.Text.Json;
using Contracts;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
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
            new() { Statuses = [FailureStatus.Discarded], ExceptionType = "Filtered" }, new() { Fingerprint = fingerprint }, new() { MailId = record.Identity.MailId },
            new() { Recipient = "filter@example.COM" }, new() { Since = failedAt, Until = failedAt.AddTicks(10) },
            new() { Statuses = [FailureStatus.Discarded], Fingerprint = fingerprint, Recipient = "filter@example.com", Since = failedAt.ToOffset(TimeSpan.FromHours(2)) },
        ];
        foreach (var filter in filters)
            (await Store.Failures.ListAsync(filter, 100)).Items.ShouldHaveSingleItem(filter.ToString()).Id.ShouldBe(id);
        (await Store.Failures.ListAsync(filters[0] with { Until = failedAt }, 100)).Items.ShouldBeEmpty();
    }

    [Test]
    public async Task A_failure_is_found_by_what_its_record_and_its_replies_say_and_by_no_other_value()
    {
        var mail = JsonSerializer.SerializeToUtf8Bytes(new SendEmail
        {
            From = "Shop <Orders@Search.Example>",
            To = ["Ann <Ann@Left.Example>", "bob@left.example"],
            Cc = ["cid@right.example", "Jürgen@right.example"],
            Subject = "Your parcel from Zürich",
            Text = "t",
            Tags = ["parcel", new MailTag("campaign", "spring")],
        }, SendEmailJson.Options);
        var id = (await Store.Failures.ProjectAsync(Make.DeadLetter(null) with
        {
            Value = mail,
            Key = "customer-77"u8.ToArray(),
            OriginalTopic = "search.topic",
            ExceptionType = "SearchException",
            Message = "The mail server refused 3 recipients permanently: ann@left.example: 550 5.1.1 No such searcher; bob@left.example: 550 5.1.1 No such searcher; cid@right.example: 552 Mailbox full",
        })).FailureId;

        FailureFilter[] found =
        [
            new() { Sender = "orders@search.example" }, new() { Recipient = "ANN@left.example" }, new() { Recipient = "cid@right.example" }, new() { Recipient = "Jürgen@RIGHT.example", Code = "550" },
            new() { Domain = "Left.example" }, new() { Domain = "right.example", ExceptionType = "SearchException" }, new() { ExceptionType = "SearchException", Code = "550" },
            new() { ExceptionType = "SearchException", Code = "5.1.1" }, new() { ExceptionType = "SearchException", Code = "550 5.1.1" }, new() { ExceptionType = "SearchException", Code = "552" },
            new() { Topic = "search.topic" }, new() { Key = "customer-77" }, new() { Tag = "parcel", Topic = "search.topic" }, new() { Tag = "campaign" }, new() { Tag = "campaign:spring" },
            new() { Subject = "zürich PARCEL" }, new() { Subject = "\"parcel from\"" }, new() { Text = "searcher" }, new() { Text = "Mailbox parcel" },
        ];
        foreach (var filter in found)
        {
            (await Store.Failures.ListAsync(filter, 100)).Items.ShouldHaveSingleItem(filter.ToString()).Id.ShouldBe(id);
            (await Store.Failures.CountAsync(filter)).ShouldBe(new FailureCount(1, IsExact: true));
        }

        FailureFilter[] none =
        [
            new() { Sender = "ann@left.example" }, new() { Recipient = "orders@search.example" }, new() { Domain = "example" }, new() { ExceptionType = "SearchException", Code = "5.1.2" },
            new() { Topic = "search" }, new() { Key = "CUSTOMER-77" }, new() { Tag = "spring" }, new() { Tag = "campaign:autumn" }, new() { Subject = "searcher" }, new() { Text = "parcel -zürich" },
        ];
        foreach (var filter in none)
            (await Store.Failures.ListAsync(filter, 100)).Items.ShouldBeEmpty(filter.ToString());

        var summary = (await Store.Failures.ListAsync(found[0], 1)).Items[0];
        summary.Subject.ShouldBe("Your parcel from Zürich");
        summary.Sender.ShouldBe("Orders@Search.Example");
        summary.Recipients.ShouldBe(["ann@left.example", "bob@left.example", "cid@right.example", "jürgen@right.example"], ignoreOrder: true);
        summary.RecipientCount.ShouldBe(4);
        summary.ReplyCodes.ShouldBe(["550 5.1.1", "552"]);
    }

    [Test]
    public async Task Of_a_mail_with_a_row_those_recipients_count_that_have_not_got_it()
    {
        var record = Make.Record() with { Recipients = [new Recipient("has@got.example", RecipientKind.To), new Recipient("has@not.example", RecipientKind.To)] };
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.WriteOutboxEntryAsync(
            record, claim.FencingToken, new OutboxEntry.DeadLetter("refused"),
            [new RecipientReply("has@got.example", RecipientOutcome.Accepted, 250, "2.0.0", "ok"), new RecipientReply("has@not.example", RecipientOutcome.Rejected, 554, "5.7.1", "no")]);
        await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId) with { Message = "refused" });

        (await Store.Failures.ListAsync(new FailureFilter { Domain = "got.example" }, 10)).Items.ShouldBeEmpty();
        var failure = (await Store.Failures.ListAsync(new FailureFilter { Domain = "not.example", Code = "5.7.1" }, 10)).Items.ShouldHaveSingleItem();
        failure.Recipients.ShouldBe(["has@not.example"]);
        failure.ReplyCodes.ShouldBe(["554 5.7.1"]);
    }

    [Test]
    public async Task A_rebuild_fills_in_what_an_older_worker_left_out_keeps_what_people_did_and_alerts_nobody()
    {
        var known = Make.DeadLetter(Guid.CreateVersion7(), value: """{"from":"shop@rebuilt.example","to":["ann@rebuilt.example"],"subject":"Rebuilt","text":"t"}""");
        var id = (await Store.Failures.ProjectAsync(known)).FailureId;
        await Store.Failures.DiscardAsync(id, "ann", "spam");
        await Store.ExecuteAsync("UPDATE email.failures SET subject = NULL, sender = NULL, recipients = '{}', domains = '{}', reply_codes = '{}', search_terms = '{}' WHERE id = $1", id);
        (await Store.Failures.ListAsync(new FailureFilter { Domain = "rebuilt.example" }, 10)).Items.ShouldBeEmpty();
        var told = await Store.ScalarAsync<long>("SELECT count(*) FROM email.alert_outbox");

        (await Store.Failures.ProjectAsync(known, isRebuild: true)).ShouldBe(new Projection(id, ProjectionKind.Known, Fingerprint.Of(known.ExceptionType, known.Message)));
        var lost = Make.DeadLetter(Guid.CreateVersion7(), value: Encoding.UTF8.GetString(known.Value!));
        (await Store.Failures.ProjectAsync(lost, isRebuild: true)).Kind.ShouldBe(ProjectionKind.New);

        var found = (await Store.Failures.ListAsync(new FailureFilter { Domain = "rebuilt.example" }, 10)).Items;
        found.Select(failure => (failure.Subject, failure.Status)).ShouldBe([("Rebuilt", FailureStatus.Discarded), ("Rebuilt", FailureStatus.Unresolved)], ignoreOrder: true);
        (await Store.ScalarAsync<long>("SELECT count(*) FROM email.alert_outbox")).ShouldBe(told);
    }

    [Test]
    public async Task The_oldest_come_first_where_that_is_asked_for()
    {
        for (var number = 0; number < 5; number++)
            await Store.Failures.ProjectAsync(Make.DeadLetter(null) with { ExceptionType = "Ordered", FailedAt = Make.Noon.AddHours(number % 3) });
        var filter = new FailureFilter { ExceptionType = "Ordered" };
        var found = new List<FailureSummary>();
        string? cursor = null;
        do
        {
            var page = await Store.Failures.ListAsync(filter, 2, cursor, FailureOrder.Oldest);
            found.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        found.Select(failure => failure.FailedAt).ShouldBeInOrder();
        found.Select(failure => failure.Id).Distinct().Count().ShouldBe(5);
    }

    [TestCase("550 5.1.1 No such user", "550 5.1.1")]
    [TestCase("The mail server refused 1 recipient permanently: a@b.example: 550-5.1.1 Look: 551", "550 5.1.1,551")]
    [TestCase("Login (535 5.7.8 wrong)", "535 5.7.8")]
    [TestCase("552", "552")]
    [TestCase("No connection to port 587 within 30 s", "")]
    [TestCase("250 OK", "")]
    [TestCase("127.0.0.1:4500 refused", "")]
    public void Codes_are_those_of_replies(string message, string codes) => string.Join(',', FailureFacts.ReplyCodesOf(message)).ShouldBe(codes);

    [TestCase("")]
    [TestCase("nonsense")]
    [TestCase("________________________________")]
    [TestCase("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")]
    public async Task A_cursor_that_was_made_up_is_refused(string cursor) =>
        (await Should.ThrowAsync<FormatException>(() => Store.Failures.ListAsync(new FailureFilter(), 10, cursor)))
            .Message.ShouldContain("is not a cursor of this list");
}
