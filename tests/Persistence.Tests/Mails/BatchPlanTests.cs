using Npgsql;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Persistence.Tests.Mails;

public sealed class BatchPlanTests
{
    private const int Rounds = 150;
    private const int MailsARound = 20;

    [Test]
    public async Task The_statements_find_their_rows_by_index_also_when_they_were_planned_with_empty_tables()
    {
        var fixture = await PostgresFixture.StartAsync();
        var database = await fixture.CreateDatabaseAsync();
        await using (var setUp = Store.At(database))
        {
            await setUp.Migrator.MigrateAsync(Eventually.DefaultDeadline);
            // No analyze in between makes Postgres plan again.
            foreach (var table in new[] { "mails", "mail_recipients", "failures" })
                await setUp.ExecuteAsync($"ALTER TABLE email.{table} SET (autovacuum_enabled = false)");
        }

        // One connection: it plans each statement with the tables at hand ten times and then reuses the plan.
        await using (var store = Store.At(new NpgsqlConnectionStringBuilder(database) { MaxPoolSize = 1, Timeout = 60 }.ConnectionString))
        {
            var worker = await store.StartWorkerAsync();
            for (var round = 0; round < Rounds; round++)
                await WorkAsync(store, worker);
            store.DataSource.Clear();
        }

        await using var after = Store.At(database);
        await Eventually.Until(
            async () => await CounterAsync(after, "mails", "n_tup_ins") == Rounds * MailsARound, null, "the connection has told what it did, as it does when it ends");
        foreach (var table in new[] { "mails", "mail_recipients", "failures" })
            (await CounterAsync(after, table, "seq_tup_read")).ShouldBeLessThan(10 * Rounds * MailsARound, table);
    }

    /// <summary>Every statement once or a few times.</summary>
    private static async Task WorkAsync(Store store, Guid worker)
    {
        var mails = store.Mails;
        var records = Enumerable.Range(0, MailsARound).Select(_ => Make.Record()).ToList();
        (await Task.WhenAll(records.Select(record => mails.ClaimAsync(record, worker)))).ShouldAllBe(result => result is ClaimResult.Claimed);
        (await Task.WhenAll(records.Select(record => mails.ClaimAsync(record, worker)))).ShouldAllBe(result => result is ClaimResult.Busy);
        await Task.WhenAll(records.Select((record, number) => (number % 4) switch
        {
            0 => mails.WriteOutboxEntryAsync(record, 1, new OutboxEntry.DeadLetter("550"), [Rejected]),
            1 => mails.LeaveAsync(record, 1, []),
            _ => mails.RecordSentAsync(record, 1, [Rejected]),
        }));
        await Task.WhenAll(records.Select(record => mails.MarkPublishedAsync(record.Identity)));
        await Task.WhenAll(records.Select(record => store.Failures.ProjectAsync(Make.DeadLetter(record.Identity.MailId))));
    }

    private static RecipientReply Rejected { get; } = new("b@example.com", RecipientOutcome.Rejected, 550);

    private static Task<long> CounterAsync(Store store, string table, string counter) =>
        store.ScalarAsync<long>($"SELECT {counter} FROM pg_stat_user_tables WHERE schemaname = 'email' AND relname = '{table}'");
}
