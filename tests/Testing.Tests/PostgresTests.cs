using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Testing.Tests;

public class PostgresTests
{
    [Test]
    public async Task Each_database_is_a_tests_own()
    {
        var postgres = await PostgresFixture.StartAsync();
        var one = await postgres.CreateDatabaseAsync();
        var other = await postgres.CreateDatabaseAsync();

        await ExecuteAsync(one, "CREATE TABLE mine (id int)");
        await ExecuteAsync(other, "CREATE TABLE mine (id int)");
    }

    [Test]
    public async Task A_server_keeps_its_data_and_its_address_through_a_stop_and_a_kill()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        var database = await server.CreateDatabaseAsync();
        await ExecuteAsync(database, "CREATE TABLE kept (id int)");

        await server.StopAsync();
        await Should.ThrowAsync<NpgsqlException>(() => ExecuteAsync(database, "SELECT 1"));
        await server.StartAsync();
        await ExecuteAsync(database, "INSERT INTO kept VALUES (1)");

        await server.KillAsync();
        await Should.ThrowAsync<NpgsqlException>(() => ExecuteAsync(database, "SELECT 1"));
        await server.StartAsync();
        await ExecuteAsync(database, "SELECT * FROM kept");
    }

    [Test]
    public async Task A_frozen_server_answers_once_it_thaws()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        await server.FreezeAsync();
        var answer = ExecuteAsync(server.ConnectionString, "SELECT 1");
        await Should.ThrowAsync<TimeoutException>(() => answer.WaitAsync(TimeSpan.FromSeconds(1)));
        await server.ThawAsync();
        await answer.WaitAsync(Eventually.DefaultDeadline);
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        var own = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
        await using var connection = new NpgsqlConnection(own);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
