using System.Diagnostics;
using System.Text.Json;
using Contracts;
using Npgsql;
using NUnit.Framework;
using Persistence.Mails;
using Persistence.Text;
using Shouldly;

namespace Persistence.Tests.Mails;

public sealed class MailSearchTests : StoreTests
{
    private static readonly DateTimeOffset Newest = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task The_cursor_of_a_page_is_where_it_looked_last_whatever_is_written_meanwhile()
    {
        await using var store = await Store.OpenMigratedAsync();
        await AddAsync(store, MailSearch.MostLookedAt + 10, MailState.Sent);
        await using var other = NpgsqlDataSource.Create(store.ConnectionString);
        using var search = new Activity("search").Start();
        var isWritten = false;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = statement =>
            {
                // The first statement of the search is over.
                if (statement.TraceId != search.TraceId || isWritten)
                    return;
                isWritten = true;
                using var later = other.CreateCommand("INSERT INTO email.mails (id, epoch, attempt, state, created_at) SELECT gen_random_uuid(), 0, 1, 'sent', now() FROM generate_series(1, 5)");
                later.ExecuteNonQuery();
            },
        };
        ActivitySource.AddActivityListener(listener);

        var page = await new MailSearch(store.DataSource).ListAsync(new MailFilter { State = MailState.Canceled }, 20);

        isWritten.ShouldBeTrue();
        page.Items.ShouldBeEmpty();
        page.Next.ShouldNotBeNull().At.ShouldBe(Newest.AddSeconds(1 - MailSearch.MostLookedAt));
    }

    [Test]
    public async Task What_is_dead_behind_many_that_were_discarded_is_on_a_later_page()
    {
        await using var store = await Store.OpenMigratedAsync();
        await AddAsync(store, MailSearch.MostLookedAt, MailState.Discarded, OutboxKind.DeadLetter);
        var dead = Make.Record();
        await store.DieAsync(dead, await store.StartWorkerAsync());
        await store.ExecuteAsync("UPDATE email.mails SET created_at = $2 WHERE id = $1", dead.Identity.MailId, Newest.AddYears(-1));
        var search = new MailSearch(store.DataSource);
        var filter = new MailFilter { State = MailState.Dead };

        var first = await search.ListAsync(filter, 20);
        first.Items.ShouldBeEmpty();
        var second = await search.ListAsync(filter, 20, first.Next.ShouldNotBeNull());
        second.Items.ShouldHaveSingleItem().Id.ShouldBe(dead.Identity.MailId);
        second.Next.ShouldBeNull();
        (await search.ListAsync(filter, 20, new MailPosition(Newest.AddYears(-2), Guid.Empty, IsBefore: true))).Items.ShouldHaveSingleItem().Id.ShouldBe(dead.Identity.MailId);
    }

    [Test]
    public async Task A_text_finds_the_tags_that_it_calls()
    {
        MailTag[] tags =
        [
            "order", "order:large", new("order", "large"), new("order", "large:blue"), new("order:large", "blue"), "order:large:blue", new("order:large:blue", "x"),
            new("order", ""), ":", new("", "order"), "large", new("a\"b", "c"),
        ];
        var mails = new Dictionary<Guid, MailTag>();
        foreach (var tag in tags)
        {
            var record = Make.Record() with { Tags = JsonSerializer.Serialize<MailTag[]>(["other", tag], SendEmailJson.Options) };
            await Store.ClaimAsync(record, Worker);
            mails.Add(record.Identity.MailId, tag);
        }

        string[] texts = ["order", "order:large", "order:large:blue", "order:large:blue:x", "large", "blue", "order:", ":", ":order", "a\"b", "a\"b:c", "a\u0000", new string(':', 5_000), "none"];
        foreach (var text in texts)
        {
            var found = (await new MailSearch(Store.DataSource).ListAsync(new MailFilter { Tag = text }, 100)).Items;
            found.Select(mail => mails[mail.Id]).ShouldBe(tags.Where(tag => tag.IsCalled(text)), ignoreOrder: true, text);
        }
    }

    /// <summary>Mails that were read a second apart, up to noon.</summary>
    private static Task AddAsync(Store store, int count, MailState state, OutboxKind? outboxEntry = null) => store.ExecuteAsync(
        "INSERT INTO email.mails (id, epoch, attempt, state, outbox_entry, created_at) SELECT gen_random_uuid(), 0, 1, $2, $3, $4 - n * interval '1 second' FROM generate_series(0, $1 - 1) AS n",
        count, state.ToText(), (object?)outboxEntry?.ToText() ?? DBNull.Value, Newest);
}
