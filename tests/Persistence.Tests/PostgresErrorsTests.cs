using Npgsql;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Persistence.Tests;

public sealed class PostgresErrorsTests
{
    [TestCase("57P01")]
    [TestCase("57P02")]
    [TestCase("57P03")]
    [TestCase("08006")]
    [TestCase("53300")]
    [TestCase("53100")]
    [TestCase("28P01")]
    [TestCase("3D000")]
    [TestCase("25006")]
    [TestCase("42P01")]
    [TestCase("42703", Description = "a column that a migration has not added yet")]
    [TestCase("57014", Description = "statement_timeout, behind a lock or a slow disk")]
    [TestCase("25P03", Description = "idle_in_transaction_session_timeout")]
    [TestCase("25P04", Description = "transaction_timeout")]
    [TestCase("26000", Description = "a prepared statement that a pooler lost")]
    [TestCase("42P05", Description = "one that a pooler has already")]
    [TestCase("0A000", Description = "a cached plan whose table has changed")]
    [TestCase("XX000", Description = "an internal error")]
    [TestCase("P0001", Description = "a trigger of an operator's")]
    public void A_state_that_every_mail_would_meet_means_that_Postgres_is_unavailable(string sqlState) =>
        PostgresErrors.IsUnavailable(new InvalidOperationException("wrapped", State(sqlState))).ShouldBeTrue();

    [TestCase("23505")]
    [TestCase("22021")]
    [TestCase("23514")]
    [TestCase("54000")]
    [TestCase("40001")]
    [TestCase("40P01")]
    public void A_state_of_one_statement_is_not(string sqlState) => PostgresErrors.IsUnavailable(State(sqlState)).ShouldBeFalse();

    [Test]
    public void Exceptions_of_others_are_not()
    {
        PostgresErrors.IsUnavailable(null).ShouldBeFalse();
        PostgresErrors.IsUnavailable(new IOException("a mail server hung up")).ShouldBeFalse();
        PostgresErrors.IsUnavailable(new TimeoutException()).ShouldBeFalse();
        PostgresErrors.IsUnavailable(new OperationCanceledException()).ShouldBeFalse();
        PostgresErrors.IsUnavailable(new OperationCanceledException("our own", State(PostgresErrorCodes.QueryCanceled))).ShouldBeFalse();
    }

    [Test]
    public void A_timeout_that_the_driver_does_not_wrap_is() =>
        PostgresErrors.IsUnavailable(new InvalidOperationException("wrapped", new TimeoutException { Source = "Npgsql" })).ShouldBeTrue();

    [TestCase("Host=127.0.0.1;Port=1;Username=x;Timeout=2", TestName = "A_refused_connection_is")]
    [TestCase("Host=no-such-host.invalid;Username=x;Timeout=2", TestName = "A_name_that_does_not_resolve_is")]
    public async Task A_connection_that_cannot_be_had_is(string connectionString) => await ShouldBeUnavailableAsync(connectionString);

    [Test]
    public async Task A_database_that_does_not_exist_is()
    {
        var fixture = await PostgresFixture.StartAsync();
        await ShouldBeUnavailableAsync(new NpgsqlConnectionStringBuilder(fixture.ConnectionString) { Database = "no_such_database" }.ConnectionString);
    }

    [Test]
    public async Task An_exhausted_pool_is()
    {
        var fixture = await PostgresFixture.StartAsync();
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(fixture.ConnectionString) { MaxPoolSize = 1, Timeout = 1 }.ConnectionString);
        await using var held = await Eventually.NotNull<NpgsqlConnection>(async () => await source.OpenConnectionAsync(), within: null, "the first connection is open");
        PostgresErrors.IsUnavailable(await Should.ThrowAsync<Exception>(async () => await source.OpenConnectionAsync())).ShouldBeTrue();
    }

    [Test]
    public async Task A_server_that_is_killed_stopped_or_frozen_under_a_statement_is()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        await ShouldBeUnavailableAfterAsync(server.KillAsync);
        await server.StartAsync();
        await ShouldBeUnavailableAfterAsync(server.StopAsync);
        await server.StartAsync();
        await ShouldBeUnavailableAfterAsync(server.FreezeAsync);
        await server.ThawAsync();

        async Task ShouldBeUnavailableAfterAsync(Func<Task> happens)
        {
            await using var source = NpgsqlDataSource.Create(
                new NpgsqlConnectionStringBuilder(server.ConnectionString) { CommandTimeout = 3, CancellationTimeout = -1 }.ConnectionString);
            await using var command = source.CreateCommand("SELECT pg_sleep(60)");
            var running = command.ExecuteNonQueryAsync();
            await happens();
            var exception = await Should.ThrowAsync<Exception>(() => running);
            PostgresErrors.IsUnavailable(exception).ShouldBeTrue(exception.ToString());
        }
    }

    private static async Task ShouldBeUnavailableAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var exception = await Should.ThrowAsync<Exception>(async () => await source.OpenConnectionAsync());
        PostgresErrors.IsUnavailable(exception).ShouldBeTrue(exception.ToString());
    }

    private static PostgresException State(string sqlState) => new("message", "ERROR", "ERROR", sqlState);

    [TestCase("42P05", "Max Auto Prepare=0")]
    [TestCase("26000", "PgBouncer 1.21")]
    [TestCase("28P01", "password")]
    [TestCase("25006", "Target Session Attributes=primary")]
    public void What_an_error_asks_of_people_is_said(string sqlState, string says) =>
        PostgresErrors.Explain(new PostgresException("message", "ERROR", "ERROR", sqlState)).ShouldContain(says);
}
