using System.ComponentModel.DataAnnotations;
using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Persistence.Tests;

public sealed class DataSourcesTests
{
    [Test]
    public async Task The_options_apply_where_the_connection_string_says_nothing()
    {
        await using var source = DataSources.Create(new DatabaseOptions
        {
            ConnectionString = "Host=localhost",
            CommandTimeout = TimeSpan.FromSeconds(7),
            ConnectTimeout = TimeSpan.FromSeconds(3),
            MaxPoolSize = 9,
            MaxPreparedStatements = 11,
        });
        Settings(source).ShouldBe((7, 3, 9, 11, 1, true, GssEncryptionMode.Disable));
    }

    [Test]
    public async Task What_the_connection_string_says_wins_however_it_spells_it()
    {
        await using var source = DataSources.Create(new DatabaseOptions
        {
            ConnectionString = "Host=localhost;CommandTimeout=1;timeout=2;MAXPOOLSIZE=3;MaxAutoPrepare=0;AutoPrepareMinUsages=6;NoResetOnClose=false;GssEncryptionMode=Require",
        });
        Settings(source).ShouldBe((1, 2, 3, 0, 6, false, GssEncryptionMode.Require));
    }

    [Test]
    public async Task A_connection_lives_ten_minutes_unless_the_connection_string_says_otherwise()
    {
        await using var source = DataSources.Create(new DatabaseOptions { ConnectionString = "Host=localhost" });
        new NpgsqlConnectionStringBuilder(source.ConnectionString).ConnectionLifetime.ShouldBe(600);
        await using var own = DataSources.Create(new DatabaseOptions { ConnectionString = "Host=localhost;Connection Lifetime=5" });
        new NpgsqlConnectionStringBuilder(own.ConnectionString).ConnectionLifetime.ShouldBe(5);
    }

    [Test]
    public void A_pool_of_one_connection_is_refused_wherever_it_is_asked_for()
    {
        Errors(new DatabaseOptions { ConnectionString = "Host=localhost", MaxPoolSize = 1 }).ShouldHaveSingleItem().ShouldContain("max_connections");
        Errors(new DatabaseOptions { ConnectionString = "Host=localhost;Maximum Pool Size=1" }).ShouldHaveSingleItem().ShouldContain("Maximum Pool Size of 2 or more");
        Errors(new DatabaseOptions { ConnectionString = "Host=localhost;Maximum Pool Size=2" }).ShouldBeEmpty();
    }

    private static List<string> Errors(DatabaseOptions options)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        return [.. results.Select(result => result.ErrorMessage!)];
    }

    [Test]
    public async Task A_statement_is_prepared_when_it_is_used_first()
    {
        await using var store = await Store.OpenAsync();
        await using var connection = await store.DataSource.OpenConnectionAsync();
        await using (var command = new NpgsqlCommand("SELECT 42", connection))
            await command.ExecuteScalarAsync();

        await using var prepared = new NpgsqlCommand("SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 42'", connection);
        (await prepared.ExecuteScalarAsync()).ShouldBe(1);
    }

    private static (int CommandTimeout, int Timeout, int MaxPoolSize, int MaxAutoPrepare, int MinUsages, bool NoResetOnClose, GssEncryptionMode Gss) Settings(
        NpgsqlDataSource source)
    {
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        return (settings.CommandTimeout, settings.Timeout, settings.MaxPoolSize, settings.MaxAutoPrepare, settings.AutoPrepareMinUsages, settings.NoResetOnClose, settings.GssEncryptionMode);
    }
}
