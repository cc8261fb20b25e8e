using Microsoft.EntityFrameworkCore;
using NUnit.Framework;
using Persistence.Schema;
using Shouldly;
using Testing;

namespace Persistence.Tests.Schema;

public sealed class SchemaTests : StoreTests
{
    [Test]
    public async Task Every_table_view_and_column_has_a_comment()
    {
        await using var command = Store.DataSource.CreateCommand("""
            SELECT c.relname || coalesce('.' || a.attname, '')
            FROM pg_class AS c
            LEFT JOIN LATERAL (
                SELECT NULL::name AS attname, 0 AS attnum
                UNION ALL SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS a ON true
            WHERE c.relnamespace = 'email'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
              AND coalesce(col_description(c.oid, a.attnum), CASE WHEN a.attnum = 0 THEN obj_description(c.oid, 'pg_class') END, '') = ''
            """);
        await using var reader = await command.ExecuteReaderAsync();
        var bare = new List<string>();
        while (await reader.ReadAsync())
            bare.Add(reader.GetString(0));
        bare.ShouldBeEmpty();
    }

    [Test]
    public async Task The_migrations_say_what_the_model_says()
    {
        await using var context = await Store.Contexts.CreateDbContextAsync();
        context.Database.HasPendingModelChanges().ShouldBeFalse("the model was changed: dotnet ef migrations add");
    }

    [Test]
    public async Task The_comments_name_every_word_that_a_column_may_hold()
    {
        var words = await Store.ScalarAsync<string[]>(
            """
            SELECT ARRAY(SELECT DISTINCT m[1] FROM pg_constraint AS k, regexp_matches(pg_get_constraintdef(k.oid), '''(\w+)''::text', 'g') AS m
            WHERE k.connamespace = 'email'::regnamespace AND k.contype = 'c')
            """);
        var comments = await Store.ScalarAsync<string>(
            "SELECT string_agg(description, ' ') FROM pg_description WHERE objoid IN (SELECT oid FROM pg_class WHERE relnamespace = 'email'::regnamespace)");
        words.Length.ShouldBeGreaterThan(20);
        words.Where(word => !comments.Contains(word, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Test]
    public async Task Migrating_twice_at_once_applies_each_migration_once()
    {
        await using var empty = await Store.OpenAsync();
        (await empty.SchemaCheck.CompareAsync()).Missing.ShouldNotBeEmpty();
        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => empty.Migrator.MigrateAsync(Eventually.DefaultDeadline))));
        applied.Count(migrations => migrations.Count > 0).ShouldBe(1);
        (await empty.SchemaCheck.CompareAsync()).IsNone.ShouldBeTrue();
    }

    [Test]
    public async Task A_database_that_is_not_there_is_waited_for_only_so_long()
    {
        await using var nowhere = Store.At("Host=127.0.0.1;Port=1;Database=x;Username=x;Timeout=1");
        var exception = await Should.ThrowAsync<Exception>(() => nowhere.Migrator.MigrateAsync(TimeSpan.FromSeconds(1)));
        PostgresErrors.IsUnavailable(exception).ShouldBeTrue(exception.ToString());
    }

    [Test]
    public async Task Migrations_of_another_version_are_named_and_not_migrated_over()
    {
        await using var newer = await Store.OpenMigratedAsync();
        await newer.ExecuteAsync("INSERT INTO email.schema_migrations VALUES ('99990101000000_FromTheFuture', '11.0.0')");
        (await newer.SchemaCheck.CompareAsync()).Foreign.ShouldBe(["99990101000000_FromTheFuture"]);
        (await Should.ThrowAsync<SchemaMismatchException>(() => newer.Migrator.MigrateAsync(TimeSpan.Zero)))
            .Message.ShouldContain("99990101000000_FromTheFuture");
    }
}
