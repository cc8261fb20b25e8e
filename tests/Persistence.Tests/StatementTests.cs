using Npgsql;
using NUnit.Framework;
using Shouldly;

namespace Persistence.Tests;

public sealed class StatementTests
{
    // Nothing is run.
    private readonly NpgsqlDataSource _nowhere = NpgsqlDataSource.Create("Host=nowhere");

    private static readonly Statement Between = new("SELECT @low <= @value AND @value <= @high");

    [OneTimeTearDown]
    public void Close() => _nowhere.Dispose();

    [Test]
    public void Names_become_numbers_in_the_order_in_which_they_stand() =>
        Between.Text.ShouldBe("SELECT $1 <= $2 AND $2 <= $3");

    [Test]
    public void Parameters_are_numbered_in_whatever_order_they_were_added()
    {
        using var command = Between.Command(_nowhere, given => given.With("high", 3).With("value", 2).With("low", 1));
        command.Parameters.Select(parameter => (parameter.ParameterName, parameter.Value)).ShouldBe([("", 1), ("", 2), ("", 3)]);
    }

    [Test]
    public void A_parameter_that_is_missing_is_named() =>
        Should.Throw<KeyNotFoundException>(() => Between.Command(_nowhere, given => given.With("low", 1).With("high", 3))).Message.ShouldContain("value");
}
