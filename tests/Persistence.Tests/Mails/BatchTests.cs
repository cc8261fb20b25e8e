using System.Security.Cryptography;
using Npgsql;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Persistence.Tests.Mails;

/// <summary>What many mails at once do to each other: nothing.</summary>
public sealed class BatchTests : StoreTests
{
    private const int MostTries = 20;

    private static readonly TimeSpan Deadline = Eventually.DefaultDeadline;

    [Test]
    public async Task Hundreds_of_mails_at_once_are_claimed_and_each_has_its_own_outcome()
    {
        var records = Enumerable.Range(0, 400).Select(_ => Make.Record() with
        {
            Recipients = [new("b@example.com", RecipientKind.To), new("c@example.com", RecipientKind.Cc)],
        }).ToList();
        var claims = await Task.WhenAll(records.Select(record => Store.ClaimAsync(record, Worker)));
        claims.ShouldAllBe(claim => claim.FencingToken == 1 && claim.OpenRecipients.Count == 2);

        // In turn: sent, to be tried again with one recipient done, dead, left.
        var held = await Task.WhenAll(records.Select((record, number) => (number % 4) switch
        {
            0 => Store.Mails.RecordSentAsync(record, 1, [Accepted("b@example.com"), Accepted("c@example.com")]),
            1 => Store.Mails.WriteOutboxEntryAsync(
                record, 1, new OutboxEntry.Redelivery(2, Make.Noon, $"later {number}"),
                [Accepted("b@example.com"), new RecipientReply("c@example.com", RecipientOutcome.Unknown)]),
            2 => Store.Mails.WriteOutboxEntryAsync(record, 1, new OutboxEntry.DeadLetter($"never {number}"), []),
            _ => Store.Mails.LeaveAsync(record, 1, []),
        }));
        held.ShouldAllBe(isHeld => isHeld);
        (await Task.WhenAll(records.Select(record => Store.Mails.MarkPublishedAsync(record.Identity))))
            .ShouldBe(records.Select((_, number) => number % 4 is 1 or 2));

        for (var number = 0; number < records.Count; number++)
        {
            var mail = await Store.MailAsync(records[number].Identity.MailId);
            (mail.State, mail.OutboxReason, mail.UnknownOutcomes, mail.PublishedAt is not null).ShouldBe((number % 4) switch
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
    public async Task Of_two_workers_that_claim_the_same_hundreds_of_new_mails_at_once_one_gets_each()
    {
        var other = await Store.StartWorkerAsync();
        var records = Enumerable.Range(0, 300).Select(_ => Make.Record()).ToArray();
        var shuffled = records.ToArray();
        new Random(1).Shuffle(shuffled);
        await using var elsewhere = Store.At(Store.ConnectionString);

        var claims = await Task.WhenAll(
            records.Select(record => Store.Mails.ClaimAsync(record, Worker))
                .Concat(shuffled.Select(record => elsewhere.Mails.ClaimAsync(record, other))));

        claims.OfType<ClaimResult.Claimed>().Count().ShouldBe(300);
        claims.OfType<ClaimResult.Busy>().Count().ShouldBe(300);
        (await Task.WhenAll(records.Select(record => Store.MailAsync(record.Identity.MailId))))
            .ShouldAllBe(mail => mail.State == MailState.Sending && mail.FencingToken == 1);
    }

    [Test]
    public async Task A_mail_is_sent_also_where_a_recipient_of_it_has_a_row_that_nothing_here_would_have_written()
    {
        var records = Enumerable.Range(0, 10).Select(_ => Make.Record()).ToList();
        await Task.WhenAll(records.Select(record => Store.ClaimAsync(record, Worker)));
        await Store.ExecuteAsync(
            "INSERT INTO email.mail_recipients (mail_id, address, ordinal, kind, outcome) VALUES ($1, 'b@example.com', 1, 'to', 'pending')",
            records[3].Identity.MailId);

        (await Task.WhenAll(records.Select(record => Store.Mails.RecordSentAsync(record, 1, [Accepted("b@example.com")])))).ShouldAllBe(held => held);

        (await Task.WhenAll(records.Select(record => Store.MailAsync(record.Identity.MailId))))
            .ShouldAllBe(mail => mail.State == MailState.Sent && mail.Recipients.Single().Outcome == RecipientOutcome.Accepted);
    }

    [Test]
    public async Task Records_of_one_mail_that_meet_in_a_batch_are_settled_one_after_the_other()
    {
        var record = Make.Record();
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Store.Mails.ClaimAsync(record, Worker)));
        results.OfType<ClaimResult.Claimed>().ShouldHaveSingleItem();
        results.OfType<ClaimResult.Busy>().Count().ShouldBe(49);

        var recorded = await Task.WhenAll(Enumerable.Range(0, 50).Select(number => number % 2 == 0
            ? Store.Mails.RecordSentAsync(record, 1, [Accepted("b@example.com")])
            : Store.Mails.WriteOutboxEntryAsync(record, 1, new OutboxEntry.DeadLetter("550"), [])));
        recorded[0].ShouldBeTrue();
        (await Store.MailAsync(record.Identity.MailId)).State.ShouldBe(MailState.Sent);
    }

    [Test]
    public async Task A_mail_that_Postgres_cannot_store_fails_alone()
    {
        // More than an index takes, and random, so that it cannot be compressed.
        var bad = Make.Record(to: Convert.ToHexString(RandomNumberGenerator.GetBytes(10_000)));
        var good = Enumerable.Range(0, 60).Select(_ => Make.Record()).ToList();
        await Task.WhenAll(good.Append(bad).Select(record => Store.ClaimAsync(record, Worker)));

        var sent = good.Take(30).Select(SentAsync).ToList();
        var refused = SentAsync(bad);
        sent.AddRange(good.Skip(30).Select(SentAsync));

        (await Should.ThrowAsync<PostgresException>(refused)).SqlState.ShouldBe(PostgresErrorCodes.ProgramLimitExceeded);
        (await Task.WhenAll(sent)).ShouldAllBe(held => held);

        Task<bool> SentAsync(MailRecord record) => Store.Mails.RecordSentAsync(record, 1, [Accepted(record.Recipients[0].Address)]);
    }

    [Test]
    public async Task A_mail_whose_row_is_locked_waits_alone()
    {
        var records = Enumerable.Range(0, 20).Select(_ => Make.Record()).ToList();
        await Task.WhenAll(records.Select(record => Store.ClaimAsync(record, Worker)));
        await using var connection = await Store.DataSource.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var command = new NpgsqlCommand("SELECT FROM email.mails WHERE id = $1 FOR UPDATE", connection, transaction)
            {
                Parameters = { new() { Value = records[7].Identity.MailId } },
            };
            await command.ExecuteNonQueryAsync();

            var sent = records.ConvertAll(record => Store.Mails.RecordSentAsync(record, 1, []));
            var claim = Store.Mails.ClaimAsync(records[7], Worker, reclaim: 1);
            (await Task.WhenAll(sent.Where((_, number) => number != 7)).WaitAsync(Deadline)).ShouldAllBe(held => held);
            PostgresErrors.IsContention(await Should.ThrowAsync<PostgresException>(sent[7].WaitAsync(Deadline))).ShouldBeTrue();
            PostgresErrors.IsContention(await Should.ThrowAsync<PostgresException>(claim.WaitAsync(Deadline))).ShouldBeTrue();
        }

        (await Store.Mails.RecordSentAsync(records[7], 1, [])).ShouldBeTrue();
    }

    [Test]
    public async Task A_statement_locks_its_mails_in_the_order_of_their_ids_so_that_no_two_wait_for_each_other(
        [Values("claim", "sent", "outbox entry", "published", "left")] string statement)
    {
        // A statement waits for a row no longer than a second: on a slow machine that may be over before it is seen to lock no other.
        for (var tries = 1; !await TryAsync(); tries++)
            tries.ShouldBeLessThan(MostTries, "it has locked no other while it waits for the first");

        async Task<bool> TryAsync()
        {
            var records = Enumerable.Range(0, 30).Select(_ => Make.Record()).ToArray();
            await Task.WhenAll(records.Select(record => Store.ClaimAsync(record, Worker)));
            // As Postgres orders them.
            var first = records.MinBy(record => record.Identity.MailId.ToString("N"), StringComparer.Ordinal)!.Identity.MailId;
            var ids = records.Select(record => record.Identity.MailId).ToArray();
            new Random(1).Shuffle(records);

            await using var connection = await Store.DataSource.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await LockAsync(connection, transaction, "SELECT count(*) FROM (SELECT FROM email.mails WHERE id = $1 FOR UPDATE) AS locked", first);
            var write = WriteAsync(records, new ClaimBatch(Store.DataSource), new OutcomeBatch(Store.DataSource));
            await Eventually.Until(
                async () => write.IsCompleted
                    || await Store.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"),
                Deadline, "the statement waits for the first row");
            // All but the first are free, once a statement that locks in no order has given up.
            await Eventually.Until(
                async () => await LockAsync(connection, transaction, "SELECT count(*) FROM (SELECT FROM email.mails WHERE id = ANY($1) FOR UPDATE SKIP LOCKED) AS free", ids) == 30,
                Deadline, "all but the first are free");
            await transaction.RollbackAsync();
            try
            {
                await write.WaitAsync(Deadline);
                return true;
            }
            catch (PostgresException exception) when (PostgresErrors.IsContention(exception))
            {
                return false;
            }
        }

        static async Task<long> LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, object parameter)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction) { Parameters = { new() { Value = parameter } } };
            return (long)(await command.ExecuteScalarAsync())!;
        }

        Task WriteAsync(MailRecord[] records, ClaimBatch claims, OutcomeBatch outcomes) => statement switch
        {
            "claim" => claims.ClaimAsync([.. records.Select(record => new ClaimRequest(record, Worker, Reclaim: 1, Holds: 0))]),
            "sent" => outcomes.SentAsync([.. records.Select(record => new OutcomeRequest(record, 1, []))]),
            "outbox entry" => outcomes.WriteOutboxEntryAsync([.. records.Select(record => new OutboxRequest(record, 1, [], new OutboxEntry.DeadLetter("550"), "550"))]),
            "published" => outcomes.MarkPublishedAsync([.. records.Select(record => record.Identity)]),
            _ => outcomes.LeaveAsync([.. records.Select(record => new LeaveRequest(record, 1, [], MayBeSent: false))]),
        };
    }

    private static RecipientReply Accepted(string address) => new(address, RecipientOutcome.Accepted, 250, "2.0.0", "queued");
}
