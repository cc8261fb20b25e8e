using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using NUnit.Framework;
using Persistence.Alerts;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Keys;
using Persistence.Mails;
using Persistence.Operations;
using Persistence.Schema;
using Persistence.Text;
using Shouldly;
using Testing;

namespace Persistence.Tests.Schema;

public sealed partial class SchemaTests : StoreTests
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

    /// <summary>Every column that holds an enum, with the enum.</summary>
    private static IEnumerable<TestCaseData> EnumColumns() =>
    [
        Column("mails.state", EnumText.All<MailState>()),
        Column("mails.outbox_entry", EnumText.All<OutboxKind>()),
        Column("mail_recipients.kind", EnumText.All<RecipientKind>()),
        Column("mail_recipients.outcome", EnumText.All<RecipientOutcome>()),
        Column("failures.status", EnumText.All<FailureStatus>()),
        Column("failure_actions.action", EnumText.All<FailureActionKind>()),
        Column("operations.action", EnumText.All<OperationAction>()),
        Column("operations.state", EnumText.All<OperationState>()),
        Column("failure_group_notes.by", EnumText.All<FailureGroupBy>()),
        Column("alert_episodes.over_because", EnumText.All<EpisodeEnd>()),
        Column("api_keys.scopes", EnumText.All<KeyScope>()),
        Column("holds.scope", EnumText.All<HoldScope>()),
        Column("holds.mode", EnumText.All<HoldMode>()),
        Column("retention_horizons.table_name", ["mails", "failures"]),
    ];

    [TestCaseSource(nameof(EnumColumns))]
    public async Task The_check_constraint_and_the_comment_of_a_column_have_the_words_of_its_enum(string table, string column, string[] words)
    {
        var check = await Store.ScalarAsync<string>(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1 AND contype = 'c'", $"ck_{table}_{column}");
        Quoted().Matches(check).Select(match => match.Groups["word"].Value).ShouldBe(words, ignoreOrder: true);

        var comment = await CommentAsync(table, column);
        // Explanations in parentheses, and what follows the list, are not of the list.
        var listed = Explanation().Replace(comment, "").Split(';', '.')[0].Split([", ", " or ", ": "], StringSplitOptions.None).Select(word => word.Trim());
        listed.Where(word => Word().IsMatch(word)).ShouldBe(words, ignoreOrder: true, customMessage: comment);
    }

    [Test]
    public async Task Every_check_constraint_on_words_is_compared_with_an_enum()
    {
        var constraints = await Store.ScalarAsync<string[]>(
            "SELECT ARRAY(SELECT conname::text FROM pg_constraint WHERE connamespace = 'email'::regnamespace AND contype = 'c' AND pg_get_constraintdef(oid) SIMILAR TO '%(ANY|<@)%')");
        constraints.ShouldBe(EnumColumns().Select(column => $"ck_{column.Arguments[0]}_{column.Arguments[1]}"), ignoreOrder: true);
    }

    [Test]
    public async Task The_view_of_mails_by_state_lists_the_states_in_their_order() =>
        (await Store.ScalarAsync<string[]>("SELECT array_agg(state) FROM email.mails_by_state")).ShouldBe(EnumText.All<MailState>());

    [Test]
    public async Task The_comment_of_the_epoch_says_what_raises_it() =>
        (await CommentAsync("mails", "epoch")).ShouldContain("raised by a replay, a cancel and a reschedule; records of an older one are stale");

    [Test]
    public async Task The_list_of_tables_in_the_documentation_is_that_of_the_database()
    {
        var tables = await Store.ScalarAsync<string[]>("""
            SELECT ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = 'email'::regnamespace AND relkind IN ('r', 'v') AND relname <> 'schema_migrations')
            """);
        ListedTable().Matches(Checkout.Read("docs/queries.md")).Select(match => match.Groups["name"].Value).ShouldBe(tables, ignoreOrder: true);
    }

    [Test]
    public async Task Columns_that_the_text_of_the_documentation_names_exist()
    {
        var columns = await Store.ScalarAsync<string[]>(
            "SELECT ARRAY(SELECT DISTINCT attname::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'email'::regnamespace)");
        var named = NamedColumn().Matches(Checkout.Read("docs/queries.md")).Select(match => match.Groups["name"].Value).ToList();
        named.ShouldNotBeEmpty();
        named.Except(columns).ShouldBeEmpty();
    }

    [Test]
    public async Task Migrating_twice_at_once_applies_each_migration_once()
    {
        await using var empty = await Store.OpenAsync();
        (await empty.SchemaCheck.CompareAsync()).Missing.ShouldNotBeEmpty();
        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => empty.Migrator.MigrateAsync(Eventually.DefaultDeadline))));
        applied.Count(migrations => migrations.Count > 0).ShouldBe(1);
        var same = await empty.SchemaCheck.CompareAsync();
        same.Missing.ShouldBeEmpty();
        same.Foreign.ShouldBeEmpty();
        same.IsUsable.ShouldBeTrue();
    }

    [Test]
    public async Task A_database_that_is_not_there_is_waited_for_only_so_long()
    {
        await using var nowhere = Store.At("Host=127.0.0.1;Port=1;Database=x;Username=x;Timeout=1");
        var exception = await Should.ThrowAsync<Exception>(() => nowhere.Migrator.MigrateAsync(TimeSpan.FromSeconds(1)));
        PostgresErrors.IsUnavailable(exception).ShouldBeTrue(exception.ToString());
    }

    [Test]
    public async Task A_newer_schema_that_leaves_this_versions_as_it_is_is_used_and_left_alone()
    {
        await using var newer = await Store.OpenMigratedAsync();
        await newer.ExecuteAsync("INSERT INTO email.schema_migrations VALUES ('99990101000000_FromTheFuture', '11.0.0')");
        var difference = await newer.SchemaCheck.CompareAsync();
        difference.Foreign.ShouldBe(["99990101000000_FromTheFuture"]);
        difference.IsUsable.ShouldBeTrue();
        (await newer.Migrator.MigrateAsync(TimeSpan.Zero)).ShouldBeEmpty();
    }

    [Test]
    public async Task Migrations_of_a_version_that_this_one_is_too_old_for_are_named_and_not_migrated_over()
    {
        await using var newer = await Store.OpenMigratedAsync();
        await newer.ExecuteAsync("INSERT INTO email.schema_migrations VALUES ('99990101000000_FromTheFuture', '11.0.0')");
        await newer.ExecuteAsync("UPDATE email.schema_compatibility SET compatible_from = '99990101000000_FromTheFuture'");
        var difference = await newer.SchemaCheck.CompareAsync();
        difference.Foreign.ShouldBe(["99990101000000_FromTheFuture"]);
        difference.IsUsable.ShouldBeFalse();
        (await Should.ThrowAsync<SchemaMismatchException>(() => newer.Migrator.MigrateAsync(TimeSpan.Zero)))
            .Message.ShouldContain("99990101000000_FromTheFuture");
    }

    private static TestCaseData Column(string name, IReadOnlyList<string> words) =>
        new TestCaseData(name.Split('.')[0], name.Split('.')[1], words.ToArray()).SetArgDisplayNames(name);

    private Task<string> CommentAsync(string table, string column) => Store.ScalarAsync<string>(
        "SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = ('email.' || $1)::regclass AND attname = $2", table, column);

    [GeneratedRegex("'(?<word>[a-z_]+)'", RegexOptions.None, 1_000)]
    private static partial Regex Quoted();

    [GeneratedRegex(@" ?\([^)]*\)", RegexOptions.None, 1_000)]
    private static partial Regex Explanation();

    [GeneratedRegex("^[a-z_]+$", RegexOptions.None, 1_000)]
    private static partial Regex Word();

    [GeneratedRegex(@"^\| `email\.(?<name>[a-z_]+)`", RegexOptions.Multiline, 1_000)]
    private static partial Regex ListedTable();

    [GeneratedRegex("`(?<name>[a-z]+_[a-z_]+)`", RegexOptions.None, 1_000)]
    private static partial Regex NamedColumn();
}
