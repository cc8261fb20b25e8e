using System.Text.RegularExpressions;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Mails;
using Persistence.Operations;
using Shouldly;
using Testing;

namespace Persistence.Tests.Queries;

/// <summary>Every query of docs/queries.md, on a database in which each has something to find.</summary>
public sealed partial class QueriesTests
{
    private const string Bob = "Bob@Example.com";

    private static readonly Guid Mail = Guid.Parse("0198c5a4-1f1e-7d3a-9a53-0d3c3f0a1b2c");

    private Store _store = null!;

    /// <summary>What is in a row that the query must return; all of them in one.</summary>
    private static readonly Dictionary<string, string[]> Expected = new(StringComparer.Ordinal)
    {
        ["What failed today, and why?"] = [$"{Mail}", "550 5.1.1 no such user", "resolved"],
        ["Which causes are there, and how many failures of each are open?"] = ["JsonException"],
        ["Who was affected by the failures of the last 24 hours?"] = ["carol@example.com", "discarded"],
        ["What came of the failures of this week?"] = ["resolved", "1"],
        ["What came of each of them, and what is the mail now?"] = [$"{Mail}", "resolved", "sent"],
        ["Which unresolved failures are the oldest?"] = ["JsonException"],
        ["What was in a record that could not be read?"] = ["not json", "email.send"],
        ["Which headers did a failed record have?"] = ["MessageId", "x"],
        ["Which domains refuse most, with which replies?"] = ["example.com", "550 5.1.1", "1"],
        ["Which operations were there, and what came of their replays?"] = ["cid", "discard", "completed", "spam wave"],
        ["Which mails did operations not cancel, and why?"] = ["dan", "the wrong price", $"{Mail}", "mail_sent", "sent"],
        ["What is held, by whom and why?"] = ["a flood", "ann"],
        ["Which replays were asked for but not yet produced?"] = ["1"],
        ["Which dead letters were written twice?"] = [$"{Mail}"],
        ["What did a person do?"] = ["replay", "mailbox is back", $"{Mail}"],
        ["What was done about the failures of one mail, by whom, and why?"] = ["system", "resolve", "The mail was sent."],
        ["How many mails are in which state?"] = ["discarded", "1"],
        ["Which mails did a recipient get, or not get?"] = [$"{Mail}", "accepted", "250"],
        ["What became of one mail, recipient by recipient?"] = ["sent", Bob, "250"],
        ["What is stuck?"] = ["sending", "gone:1"],
        ["Which mails wait for their next attempt?"] = ["451 4.3.0 try later", "2"],
        ["Which mails are scheduled?"] = ["Hello", "12"],
        ["Which outbox entries are not published?"] = ["redelivery", "2"],
        ["Which mails may have been sent twice?"] = ["1", "<1@example.com>"],
        ["What did the servers say to refused recipients today?"] = ["451", "4.3.0", "try later"],
        ["How many mails were sent in each hour of the last day, and how long did they take?"] = ["1"],
        ["Which workers run, and what are they sending?"] = ["test:1"],
    };

    private static IEnumerable<TestCaseData> Queries() =>
        Query().Matches(Checkout.Read("docs/queries.md")).Select(match =>
            new TestCaseData(match.Groups["heading"].Value, match.Groups["sql"].Value).SetArgDisplayNames(match.Groups["heading"].Value));

    [OneTimeSetUp]
    public async Task SeedAsync()
    {
        _store = await Store.OpenMigratedAsync();
        var worker = await _store.StartWorkerAsync();

        // Died, was replayed by ann, and reached bob; its dead letter was written twice.
        var replayed = Make.Record(Mail, to: Bob);
        var failure = await FailAsync(replayed, worker);
        await _store.Failures.ProjectAsync(Now(Make.DeadLetter(Mail)));
        await _store.Failures.RequestReplayAsync(failure, "ann", "mailbox is back");
        await _store.Failures.MarkReplayedAsync(failure);
        var claim = await _store.ClaimAsync(replayed.Next(epoch: 1), worker);
        await _store.Mails.RecordSentAsync(
            replayed.Next(epoch: 1), claim.FencingToken, [new RecipientReply(Bob, RecipientOutcome.Accepted, 250, "2.0.0", "queued")]);

        var discarded = await FailAsync(Make.Record(to: "carol@example.com"), worker);
        await _store.Failures.DiscardAsync(discarded, "ben", "a typing error");

        await _store.Failures.ProjectAsync(Now(Make.DeadLetter(null, value: "not json")) with { ExceptionType = "JsonException" });
        var pending = await _store.Failures.ProjectAsync(Now(Make.DeadLetter(Guid.CreateVersion7())));
        await _store.Failures.RequestReplayAsync(pending.FailureId, "ben", null);

        var deferred = Make.Record();
        claim = await _store.ClaimAsync(deferred, worker);
        await _store.Mails.WriteOutboxEntryAsync(
            deferred, claim.FencingToken, new OutboxEntry.Redelivery(2, DateTimeOffset.UtcNow, "451 4.3.0 try later"),
            [new RecipientReply("b@example.com", RecipientOutcome.Deferred, 451, "4.3.0", "try later")]);

        await _store.Schedules.StoreAsync(
            Make.Record(attempt: 0), new ScheduledRecord(DateTimeOffset.UtcNow.AddDays(1), new WaitingRecord(null, new byte[12], [])));

        var open = Make.Record(to: "dora@example.com");
        await FailAsync(open, worker);
        await _store.Operations.BeginAsync(new NewOperation(OperationAction.Discard, "cid") { Ids = [], Reason = "spam wave" });
        var cancel = await _store.Operations.BeginAsync(new NewOperation(OperationAction.Cancel, "dan") { Ids = [Mail], Reason = "the wrong price" });
        var lease = Guid.NewGuid();
        await _store.Operations.ClaimAsync(lease, Leases.Lasting, 10);
        await _store.Operations.RunBatchAsync(cancel.Id, lease, Leases.Lasting, 10);
        await _store.Holds.CreateAsync(new NewHold(HoldScope.Sender, "news@example.com", HoldMode.Wait, null, "a flood"), "ann");

        var gone = await _store.StartWorkerAsync("gone:1");
        await _store.ClaimAsync(Make.Record(), gone);
        var unknown = Make.Record();
        await _store.ClaimAsync(unknown, gone);
        await _store.LoseLeaseAsync(gone);
        await _store.ClaimAsync(unknown, worker);
        await _store.ExecuteAsync("UPDATE email.mails SET updated_at = now() - interval '1 hour' WHERE worker_id = $1", gone);
    }

    [OneTimeTearDown]
    public async Task CloseAsync()
    {
        if (_store is not null)
            await _store.DisposeAsync();
    }

    [TestCaseSource(nameof(Queries))]
    public async Task Each_query_of_the_documentation_finds_what_it_asks_for(string heading, string sql)
    {
        Expected.ShouldContainKey(heading, "a new query needs a row here that it must find");
        var rows = await RowsAsync(sql);
        rows.ShouldContain(row => Expected[heading].All(text => row.Contains(text, StringComparison.Ordinal)), string.Join('\n', rows));
    }

    [Test]
    public void Every_expected_query_is_in_the_documentation() =>
        Queries().Select(query => (string)query.Arguments[0]!).ShouldBe(Expected.Keys, ignoreOrder: true);

    private async Task<Guid> FailAsync(MailRecord record, Guid worker)
    {
        await _store.DieAsync(record, worker);
        return (await _store.Failures.ProjectAsync(Now(Make.DeadLetter(record.Identity.MailId)))).FailureId;
    }

    private static DeadLetter Now(DeadLetter record) => record with { FailedAt = DateTimeOffset.UtcNow };

    private async Task<List<string>> RowsAsync(string sql)
    {
        await using var command = _store.DataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(string.Join(" | ", Enumerable.Range(0, reader.FieldCount).Select(column => reader.GetValue(column))));
        return rows;
    }

    [GeneratedRegex(@"^### (?<heading>[^\n]+)\n(?:(?!^#)[^\n]*\n)*?```sql\n(?<sql>.*?)```", RegexOptions.Singleline | RegexOptions.Multiline, 5_000)]
    private static partial Regex Query();
}
