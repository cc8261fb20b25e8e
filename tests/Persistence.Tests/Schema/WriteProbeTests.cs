using Npgsql;
using NUnit.Framework;
using Persistence.Schema;
using Shouldly;

namespace Persistence.Tests.Schema;

public sealed class WriteProbeTests : StoreTests
{
    private NpgsqlDataSource _database = null!;

    [SetUp]
    public void OpenPool() => _database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Store.ConnectionString) { MaxPoolSize = 2, NoResetOnClose = true });

    [TearDown]
    public async Task ClosePool() => await _database.DisposeAsync();

    [Test]
    public async Task A_database_that_takes_writes_is_available_and_holds_nothing_of_the_probe()
    {
        var before = await Store.ScalarAsync<long>("SELECT count(*) FROM email.workers");
        await new WriteProbe(_database).RunAsync();
        (await Store.ScalarAsync<long>("SELECT count(*) FROM email.workers")).ShouldBe(before);
    }

    [Test]
    public async Task A_table_that_is_locked_away_from_the_worker_is_noticed()
    {
        await using var operators = await _database.OpenConnectionAsync();
        await using (var transaction = await operators.BeginTransactionAsync())
        {
            await using var command = new NpgsqlCommand("LOCK TABLE email.mails IN ACCESS EXCLUSIVE MODE", operators, transaction);
            await command.ExecuteNonQueryAsync();
            (await Should.ThrowAsync<PostgresException>(new WriteProbe(_database).RunAsync())).SqlState.ShouldBe(PostgresErrorCodes.LockNotAvailable);
        }

        await new WriteProbe(_database).RunAsync();
    }

    /// <summary>As after a failover behind one name: the session is the old, now read-only server's.</summary>
    [Test]
    public async Task Connections_to_a_server_that_has_become_read_only_are_not_given_out_again()
    {
        await using (var old = await _database.OpenConnectionAsync())
        {
            await using var command = new NpgsqlCommand("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", old);
            await command.ExecuteNonQueryAsync();
        }

        (await Should.ThrowAsync<PostgresException>(new WriteProbe(_database).RunAsync())).SqlState.ShouldBe(PostgresErrorCodes.ReadOnlySqlTransaction);
        await new WriteProbe(_database).RunAsync();
    }
}
