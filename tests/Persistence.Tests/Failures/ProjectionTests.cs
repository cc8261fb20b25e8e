using Contracts;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Shouldly;

namespace Persistence.Tests.Failures;

public sealed class ProjectionTests : StoreTests
{
    [Test]
    public async Task A_dead_letter_becomes_a_failure_with_all_that_it_carries()
    {
        var record = Make.DeadLetter(Guid.CreateVersion7()) with
        {
            Headers =
            [
                new RecordHeader("twice", "1"), new RecordHeader("twice", "2"),
                new RecordHeader("binary", new byte[] { 0, 255 }), new RecordHeader("none", default(byte[])),
            ],
            Value = [0, 1, 255],
        };
        var projection = await Store.Failures.ProjectAsync(record);

        projection.IsNew.ShouldBeTrue();
        var failure = (await Store.Failures.FindAsync(projection.FailureId)).ShouldNotBeNull();
        failure.Value.ShouldBe(record.Value);
        failure.Key.ShouldBe(record.Key);
        failure.Status.ShouldBe(FailureStatus.Unresolved);
        failure.Fingerprint.ShouldBe(projection.Fingerprint);
        (failure.OriginalTopic, failure.OriginalOffset, failure.OriginalGroup).ShouldBe((record.OriginalTopic, record.OriginalOffset, record.OriginalGroup));
        HeaderJson.Read(failure.Headers).Select(header => (header.Name, Bytes: header.Value is { } bytes ? Convert.ToHexString(bytes) : null))
            .ShouldBe([("twice", "31"), ("twice", "32"), ("binary", "00FF"), ("none", null)]);
    }

    [Test]
    public async Task Projecting_twice_changes_nothing()
    {
        var record = Make.DeadLetter(Guid.CreateVersion7());
        var first = await Store.Failures.ProjectAsync(record);
        var before = await SnapshotAsync();
        (await Store.Failures.ProjectAsync(record)).ShouldBe(first with { Kind = ProjectionKind.Known });
        (await SnapshotAsync()).ShouldBe(before);
    }

    [Test]
    public async Task Twenty_at_once_project_one_failure()
    {
        var record = Make.DeadLetter(Guid.CreateVersion7());
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Store.Failures.ProjectAsync(record))));
        results.Count(result => result.IsNew).ShouldBe(1);
        results.Select(result => result.FailureId).Distinct().ShouldHaveSingleItem();
    }

    [Test]
    public async Task Of_letters_that_go_together_one_that_Postgres_refuses_takes_no_other_with_it()
    {
        await Store.ExecuteAsync("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '22023'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON email.failures FOR EACH ROW WHEN (NEW.exception_type = 'RefusedByTest') EXECUTE FUNCTION refuse();
            """);
        var letters = Enumerable.Range(0, 40).Select(number => Make.DeadLetter(Guid.CreateVersion7()) with
        {
            ExceptionType = number % 13 == 7 ? "RefusedByTest" : "Together",
            Message = $"550 5.1.{number} no",
            Key = [(byte)number],
            Value = number % 3 == 0 ? null : [(byte)number],
        }).ToList();
        var results = await Task.WhenAll(letters.Select(letter => Task.Run(async () =>
        {
            try
            {
                return await Store.Failures.ProjectAsync(letter);
            }
            catch (Npgsql.PostgresException exception) when (exception.SqlState == "22023")
            {
                return null;
            }
        })));

        foreach (var (letter, result) in letters.Zip(results))
        {
            if (letter.ExceptionType == "RefusedByTest")
            {
                result.ShouldBeNull();
                continue;
            }

            var failure = (await Store.Failures.FindAsync(result!.FailureId))!;
            (failure.MailId, failure.DltOffset, failure.Message, failure.Fingerprint).ShouldBe((letter.MailId, letter.Offset, letter.Message, result.Fingerprint));
            failure.Key.ShouldBe(letter.Key);
            failure.Value.ShouldBe(letter.Value);
            failure.ReplyCodes.ShouldBe([letter.Message[..^3]]);
        }
    }

    [Test]
    public async Task Letters_of_one_record_that_go_together_are_one_failure_and_its_copies()
    {
        var letters = Enumerable.Range(0, 20).Select(_ => Make.DeadLetter(null, originalOffset: 2_000_001)).ToList();
        var results = await Task.WhenAll(letters.Select(letter => Task.Run(() => Store.Failures.ProjectAsync(letter))));
        results.Count(result => result.IsNew).ShouldBe(1);
        results.Count(result => result.Kind == ProjectionKind.Copy).ShouldBe(19);
        results.Select(result => result.FailureId).Distinct().ShouldHaveSingleItem();
    }

    [Test]
    public async Task A_copy_that_a_crash_left_is_recorded_and_opens_nothing()
    {
        var mail = Guid.CreateVersion7();
        var first = await Store.Failures.ProjectAsync(Make.DeadLetter(mail, originalOffset: 5));
        var copy = Make.DeadLetter(mail, originalOffset: 5);
        (await Store.Failures.ProjectAsync(copy)).ShouldBe(first with { Kind = ProjectionKind.Copy });
        (await Store.Failures.ProjectAsync(copy)).ShouldBe(first with { Kind = ProjectionKind.Known });
        (await Store.Failures.FindAsync(first.FailureId))!.Copies.ShouldHaveSingleItem().DltOffset.ShouldBe(copy.Offset);
    }

    [Test]
    public async Task A_copy_that_arrives_after_the_decision_does_not_open_the_failure_again()
    {
        var mail = Guid.CreateVersion7();
        var first = await Store.Failures.ProjectAsync(Make.DeadLetter(mail));
        (await Store.Failures.DiscardAsync(first.FailureId, "ann", "spam")).ShouldBeNull();
        (await Store.Failures.ProjectAsync(Make.DeadLetter(mail))).Kind.ShouldBe(ProjectionKind.Copy);
        (await Store.Failures.FindAsync(first.FailureId))!.Status.ShouldBe(FailureStatus.Discarded);
    }

    [Test]
    public async Task Other_bytes_under_the_same_mail_and_epoch_are_a_failure_of_their_own()
    {
        var mail = Guid.CreateVersion7();
        var first = await Store.Failures.ProjectAsync(Make.DeadLetter(mail, value: "one"));
        var second = await Store.Failures.ProjectAsync(Make.DeadLetter(mail, value: "two"));
        second.IsNew.ShouldBeTrue();
        second.FailureId.ShouldNotBe(first.FailureId);
        var failure = (await Store.Failures.FindAsync(second.FailureId))!;
        failure.MailId.ShouldBeNull();
        failure.ConflictsWith.ShouldBe(mail);
        (await Store.Failures.ListAsync(new FailureFilter { MailId = mail }, 10)).Items.Select(item => item.Id).ShouldBe([first.FailureId, second.FailureId], ignoreOrder: true);
    }

    [Test]
    public async Task A_poison_record_without_a_mail_is_one_failure_however_often_its_dead_letter_was_written()
    {
        var first = await Store.Failures.ProjectAsync(Make.DeadLetter(null, originalOffset: 1_000_001));
        (await Store.Failures.ProjectAsync(Make.DeadLetter(null, originalOffset: 1_000_001))).ShouldBe(first with { Kind = ProjectionKind.Copy });
        (await Store.Failures.ProjectAsync(Make.DeadLetter(null, originalOffset: 1_000_002))).IsNew.ShouldBeTrue();
    }

    [Test]
    public async Task A_dead_letter_of_unknown_origin_is_stored_each_time()
    {
        var record = Make.DeadLetter(null) with { OriginalTopic = null, OriginalPartition = null, OriginalOffset = null, OriginalTimestamp = null };
        (await Store.Failures.ProjectAsync(record)).IsNew.ShouldBeTrue();
        (await Store.Failures.ProjectAsync(record with { Offset = record.Offset + 1_000_000 })).IsNew.ShouldBeTrue();
    }

    [Test]
    public async Task The_record_in_the_topic_proves_that_the_mail_is_dead_and_its_outbox_entry_done()
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.DeadLetter("550"), []);
        await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId));
        (await Store.Mails.ClaimAsync(record, Worker)).ShouldBe(new ClaimResult.Stale(MailState.Dead, 0, 1));

        var released = Make.Record();
        claim = await Store.ClaimAsync(released, Worker);
        await Store.Mails.LeaveAsync(released, claim.FencingToken, []);
        await Store.Failures.ProjectAsync(OfItsRecord(released));
        (await Store.MailAsync(released.Identity.MailId)).State.ShouldBe(MailState.Dead);
    }

    [TestCase("other content", true)]
    [TestCase("body", false)]
    public async Task A_foreign_record_fails_alone_and_the_mail_whose_id_it_has_goes_on(string value, bool own)
    {
        var record = Make.Record(offset: 900 + value.Length);
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.LeaveAsync(record, claim.FencingToken, []);

        var foreign = await Store.Failures.ProjectAsync(OfItsRecord(record) with { Value = System.Text.Encoding.UTF8.GetBytes(value), IsOwn = own });

        foreign.IsNew.ShouldBeTrue();
        (await Store.Failures.FindAsync(foreign.FailureId))!.MailId.ShouldBeNull();
        var mail = (await Store.Mails.FindAsync(record.Identity.MailId)).ShouldNotBeNull();
        mail.Failures.ShouldBeEmpty();
        mail.Conflicts.ShouldHaveSingleItem().Id.ShouldBe(foreign.FailureId);
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Queued);
        await Store.DieAsync(record, Worker);
        var letter = await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId));
        (await Store.Failures.FindAsync(letter.FailureId))!.MailId.ShouldBe(record.Identity.MailId);
    }

    [Test]
    public async Task A_copy_of_the_record_that_lies_elsewhere_ends_no_mail_that_waits()
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.LeaveAsync(record, claim.FencingToken, []);
        await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId, originalOffset: 8_000_000));
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Queued);
    }

    /// <summary>A worker of a newer version may refuse what an older one took; nobody claims such a delivery.</summary>
    [Test]
    public async Task A_redelivery_that_cannot_be_read_ends_its_mail()
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.Redelivery(2, DateTimeOffset.UtcNow, "451"), []);
        await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId, originalOffset: 8_000_001));
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Queued, "attempt 1 is over");

        await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId, originalOffset: 8_000_002) with { Attempts = 2 });

        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Dead);
    }

    [Test]
    public async Task A_replay_that_cannot_be_read_ends_its_mail_again()
    {
        var record = Make.Record();
        await Store.DieAsync(record, Worker);
        var letter = await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId));
        (await Store.Failures.RequestReplayAsync(letter.FailureId, "ann", null)).ShouldBeOfType<ReplayResult.Accepted>();
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Queued);

        await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId, epoch: 1, originalOffset: 8_000_003));

        var mail = await Store.MailAsync(record.Identity.MailId);
        (mail.State, mail.Epoch, mail.LastError).ShouldBe((MailState.Dead, 1, "550 5.1.1 no such user"));
    }

    [Test]
    public async Task The_projection_marks_the_outbox_entry_as_published()
    {
        var record = Make.Record();
        var claim = await Store.ClaimAsync(record, Worker);
        await Store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.DeadLetter("550"), []);
        (await Store.MailAsync(record.Identity.MailId)).PublishedAt.ShouldBeNull();
        await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId));
        (await Store.MailAsync(record.Identity.MailId)).PublishedAt.ShouldNotBeNull();
    }

    /// <summary>An entry of an index has 2,704 bytes at the most, and what is in a header has no limit.</summary>
    [Test]
    public async Task Texts_of_any_length_in_every_header_do_not_stop_the_projection()
    {
        // Random, or Postgres would compress it until it fits.
        var endless = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(60_000));
        var record = Make.DeadLetter(null) with
        {
            OriginalTopic = endless,
            OriginalGroup = endless,
            ExceptionType = endless,
            Message = endless,
            StackTrace = endless,
            Key = System.Text.Encoding.UTF8.GetBytes(endless),
            Headers = [new RecordHeader(endless, endless)],
        };
        var first = await Store.Failures.ProjectAsync(record);
        first.IsNew.ShouldBeTrue();
        (await Store.Failures.ProjectAsync(record with { Offset = record.Offset + 1_000_000 })).ShouldBe(first with { Kind = ProjectionKind.Copy });
    }

    [Test]
    public async Task A_reduced_letter_has_its_bytes_and_its_place_and_says_what_was_refused()
    {
        var record = Make.DeadLetter(Guid.CreateVersion7());
        var projection = await Store.Failures.ProjectAsync(record.Reduced("54000: too large"));
        var failure = (await Store.Failures.FindAsync(projection.FailureId)).ShouldNotBeNull();
        (failure.DltOffset, failure.MailId).ShouldBe((record.Offset, record.MailId));
        failure.Value.ShouldBe(record.Value);
        failure.Key.ShouldBe(record.Key);
        failure.Message.ShouldContain("54000: too large");
    }

    private static DeadLetter OfItsRecord(MailRecord record) => Make.DeadLetter(record.Identity.MailId) with
    {
        OriginalTopic = record.Topic,
        OriginalPartition = record.Partition,
        OriginalOffset = record.Offset,
        OriginalTimestamp = record.Timestamp,
    };

    [Test]
    public async Task A_mail_that_a_live_worker_sends_is_left_to_it()
    {
        var record = Make.Record();
        await Store.ClaimAsync(record, Worker);
        await Store.Failures.ProjectAsync(OfItsRecord(record));
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sending);
    }

    [TestCase("sent", 0, FailureStatus.Resolved)]
    [TestCase("canceled", 0, FailureStatus.Resolved)]
    [TestCase("discarded", 0, FailureStatus.Discarded)]
    [TestCase("queued", 1, FailureStatus.Replayed)]
    [TestCase("dead", 0, FailureStatus.Unresolved)]
    public async Task A_failure_that_is_rebuilt_from_the_topic_stands_as_its_mail_does(string state, int epoch, FailureStatus expected)
    {
        var record = Make.Record();
        await Store.DieAsync(record, Worker);
        await Store.ExecuteAsync("UPDATE email.mails SET state = $2, epoch = $3 WHERE id = $1", record.Identity.MailId, state, epoch);
        var projection = await Store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId));
        (await Store.Failures.FindAsync(projection.FailureId))!.Status.ShouldBe(expected);
    }

    [Test]
    public async Task Text_that_Postgres_does_not_take_does_not_stop_the_projection()
    {
        var record = Make.DeadLetter(null) with
        {
            Message = "a\0b\udc00",
            ExceptionType = "\0",
            StackTrace = "\ud800",
            OriginalTopic = "t\0",
            OriginalGroup = "\0",
            Headers = [new RecordHeader("n\0", "v\0")],
        };
        (await Store.Failures.ProjectAsync(record)).IsNew.ShouldBeTrue();
    }

    private Task<string> SnapshotAsync() => Store.ScalarAsync<string>(
        """
        SELECT coalesce(string_agg(line, E'\n' ORDER BY line), '') FROM (
            SELECT f::text FROM email.failures AS f UNION ALL SELECT c::text FROM email.failure_copies AS c
            UNION ALL SELECT d::text FROM email.mails AS d) AS lines (line)
        """);
}
