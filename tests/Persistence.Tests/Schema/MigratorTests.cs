using Npgsql;
using NUnit.Framework;
using Persistence.Schema;
using Shouldly;
using Testing;

namespace Persistence.Tests.Schema;

/// <summary>Migrations on databases as people have them.</summary>
public sealed class MigratorTests
{
    [TestCase("LATIN1")]
    [TestCase("SQL_ASCII")]
    public async Task A_database_of_another_encoding_is_refused_with_the_command_that_makes_one(string encoding)
    {
        var fixture = await PostgresFixture.StartAsync();
        var name = $"test_{Guid.NewGuid():N}";
        await ExecuteAsync(fixture.ConnectionString, $"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        TestRun.WhenOver(() => ExecuteAsync(fixture.ConnectionString, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        await using var store = Store.At(new NpgsqlConnectionStringBuilder(fixture.ConnectionString) { Database = name }.ConnectionString);

        foreach (var check in new Func<Task>[] { () => store.Migrator.MigrateAsync(TimeSpan.Zero), () => store.SchemaCheck.CompareAsync() })
        {
            var exception = await Should.ThrowAsync<SchemaMismatchException>(check);
            exception.Message.ShouldContain(encoding);
            exception.Message.ShouldContain($"CREATE DATABASE {name}_utf8 ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0");
        }
    }

    [Test]
    public async Task The_timeouts_of_a_role_or_a_database_do_not_end_a_migration()
    {
        await using var empty = await Store.OpenAsync();
        var database = new NpgsqlConnectionStringBuilder(empty.ConnectionString).Database;
        // The transaction that has the lock is idle while others run.
        await ExecuteAsync(empty.ConnectionString, $"ALTER DATABASE \"{database}\" SET idle_in_transaction_session_timeout = '100ms'");
        (await empty.Migrator.MigrateAsync(Eventually.DefaultDeadline)).ShouldNotBeEmpty();
    }

    [Test]
    public async Task Where_nothing_is_pending_a_role_that_may_only_read_migrates()
    {
        await using var store = await Store.OpenMigratedAsync();
        var role = $"reader_{Guid.NewGuid():N}";
        await store.ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'reader'");
        TestRun.WhenOver(() => ExecuteAsync(store.ConnectionString, $"DROP OWNED BY {role}; DROP ROLE {role}"));
        await store.ExecuteAsync($"GRANT USAGE ON SCHEMA email TO {role}");
        await store.ExecuteAsync($"GRANT SELECT ON ALL TABLES IN SCHEMA email TO {role}");
        await using var reader = Store.At(new NpgsqlConnectionStringBuilder(store.ConnectionString) { Username = role, Password = "reader" }.ConnectionString);
        (await reader.Migrator.MigrateAsync(TimeSpan.Zero)).ShouldBeEmpty();
    }

    [Test]
    public async Task A_text_that_Postgres_does_not_take_is_settled_before_it_is_sent()
    {
        await using var store = await Store.OpenMigratedAsync();
        await using var command = store.DataSource.CreateCommand("SELECT @text || array_to_string(@texts, '|', '-')")
            .With("text", "a\0\ud800").With("texts", new[] { "b\0", "c" });
        (await command.ExecuteScalarAsync()).ShouldBe("a\ufffd\ufffdb\ufffd|c");
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        await using var command = dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
