using System.Security.Cryptography;
using Npgsql;
using NUnit.Framework;
using Persistence.Deliveries;
using Shouldly;

namespace Persistence.Tests.Deliveries;

/// <summary>What many mails at once do to each other: nothing.</summary>
public sealed class BatchTests : BooksTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Test]
    public async Task Hundreds_of_mails_at_once_are_claimed_and_end_each_as_it_did()
    {
        var records = Enumerable.Range(0, 400).Select(_ => Make.Record() with
        {
            Recipients = [new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Cc)],
        }).ToList();
        var claims = await Task.WhenAll(records.Select(record => Books.ClaimAsync(record, Worker)));
        claims.ShouldAllBe(claim => claim.FencingToken == 1 && claim.OpenRecipients.Count == 2);

        // In turn: sent, to be tried again with one recipient done, dead, given back.
        var held = await Task.WhenAll(records.Select((record, number) => (number % 4) switch
        {
            0 => Books.Deliveries.RecordSentAsync(record.Identity, 1, [Accepted("b@example.com"), Accepted("c@example.com")]),
            1 => Books.Deliveries.RecordHandOverAsync(
                record.Identity, 1, new HandOver.Redelivery(2, Make.Noon, $"later {number}"),
                [Accepted("b@example.com"), new RecipientAnswer("c@example.com", RecipientOutcome.Unknown)]),
            2 => Books.Deliveries.RecordHandOverAsync(record.Identity, 1, new HandOver.DeadLetter($"never {number}"), []),
            _ => Books.Deliveries.ReleaseAsync(record.Identity, 1),
        }));
        held.ShouldAllBe(answer => answer);
        (await Task.WhenAll(records.Select(record => Books.Deliveries.MarkHandedOverAsync(record.Identity))))
            .ShouldBe(records.Select((_, number) => number % 4 is 1 or 2));

        for (var number = 0; number < records.Count; number++)
        {
            var mail = await Books.MailAsync(records[number].Identity.MailId);
            (mail.State, mail.HandOverReason, mail.UnknownOutcomes, mail.HandOverMarkedAt is not null).ShouldBe((number % 4) switch
            {
                0 => (MailState.Sent, null, 0, false),
                1 => (MailState.Queued, $"later {number}", 1, true),
                2 => (MailState.Dead, $"never {number}", 0, true),
                _ => (MailState.Queued, null, 0, false),
            });
            mail.Recipients.Select(recipient => recipient.Outcome).ShouldBe((number % 4) switch
            {
                0 => [RecipientOutcome.Accepted, RecipientOutcome.Accepted],
                1 => [RecipientOutcome.Accepted, RecipientOutcome.Unknown],
                _ => [RecipientOutcome.Pending, RecipientOutcome.Pending],
            });
        }
    }

    [Test]
    public async Task Records_of_one_mail_that_meet_in_a_batch_are_settled_one_after_the_other()
    {
        var record = Make.Record();
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Books.Deliveries.ClaimAsync(record, Worker)));
        results.OfType<ClaimResult.Claimed>().ShouldHaveSingleItem();
        results.OfType<ClaimResult.Busy>().Count().ShouldBe(49);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(number => number % 2 == 0
            ? Books.Deliveries.RecordSentAsync(record.Identity, 1, [Accepted("b@example.com")])
            : Books.Deliveries.RecordHandOverAsync(record.Identity, 1, new HandOver.DeadLetter("550"), [])));
        answers[0].ShouldBeTrue();
        (await Books.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sent);
    }

    [Test]
    public async Task A_mail_that_Postgres_cannot_keep_fails_alone()
    {
        // More than an index takes, and random, so that it cannot be compressed.
        var bad = Make.Record(to: Convert.ToHexString(RandomNumberGenerator.GetBytes(10_000)));
        var good = Enumerable.Range(0, 30).Select(_ => Make.Record()).ToList();
        var claims = good.Select(record => Books.ClaimAsync(record, Worker)).ToList();
        var refused = Books.ClaimAsync(bad, Worker);
        claims.AddRange(Enumerable.Range(0, 30).Select(_ => Books.ClaimAsync(Make.Record(), Worker)));

        (await Should.ThrowAsync<PostgresException>(refused)).SqlState.ShouldBe(PostgresErrorCodes.ProgramLimitExceeded);
        (await Task.WhenAll(claims)).ShouldAllBe(claim => claim.OpenRecipients.Count == 1);
    }

    [Test]
    public async Task A_mail_whose_row_somebody_has_locked_waits_alone()
    {
        var records = Enumerable.Range(0, 20).Select(_ => Make.Record()).ToList();
        await Task.WhenAll(records.Select(record => Books.ClaimAsync(record, Worker)));
        await using var connection = await Books.DataSource.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var command = new NpgsqlCommand("SELECT FROM email.deliveries WHERE id = $1 FOR UPDATE", connection, transaction)
            {
                Parameters = { new() { Value = records[7].Identity.MailId } },
            };
            await command.ExecuteNonQueryAsync();

            var sent = records.ConvertAll(record => Books.Deliveries.RecordSentAsync(record.Identity, 1, []));
            var claim = Books.Deliveries.ClaimAsync(records[7], Worker, reclaimOwn: true);
            (await Task.WhenAll(sent.Where((_, number) => number != 7)).WaitAsync(Deadline)).ShouldAllBe(held => held);
            PostgresErrors.IsContention(await Should.ThrowAsync<PostgresException>(sent[7].WaitAsync(Deadline))).ShouldBeTrue();
            PostgresErrors.IsContention(await Should.ThrowAsync<PostgresException>(claim.WaitAsync(Deadline))).ShouldBeTrue();
        }

        (await Books.Deliveries.RecordSentAsync(records[7].Identity, 1, [])).ShouldBeTrue();
    }

    [Test]
    public async Task Batches_of_several_workers_over_the_same_mails_in_any_order_never_deadlock()
    {
        await using var other = Books.At(Books.DataSource.ConnectionString);
        var before = await DeadlocksAsync();
        var random = new Random(1);
        for (var round = 0; round < 20; round++)
        {
            var records = Enumerable.Range(0, 60).Select(_ => Make.Record()).ToArray();
            var claims = new List<Task<ClaimResult>>();
            var ends = new List<Task<bool>>();
            foreach (var books in new[] { Books, other })
            {
                random.Shuffle(records);
                claims.AddRange(records.Select(record => books.Deliveries.ClaimAsync(record, Worker)));
            }
            (await Task.WhenAll(claims)).OfType<ClaimResult.Claimed>().Count().ShouldBe(records.Length);
            foreach (var books in new[] { Books, other })
            {
                random.Shuffle(records);
                ends.AddRange(records.Select(record => books.Deliveries.RecordSentAsync(record.Identity, 1, [Accepted("b@example.com")])));
            }
            (await Task.WhenAll(ends)).ShouldAllBe(held => held);
        }
        (await DeadlocksAsync()).ShouldBe(before);
    }

    private Task<long> DeadlocksAsync() =>
        Books.ScalarAsync<long>("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");

    private static RecipientAnswer Accepted(string address) => new(address, RecipientOutcome.Accepted, 250, "2.0.0", "queued");
}
