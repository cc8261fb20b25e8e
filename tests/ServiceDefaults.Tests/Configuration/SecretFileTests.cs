using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Persistence;
using ServiceDefaults.Configuration;
using Shouldly;

namespace ServiceDefaults.Tests.Configuration;

/// <summary>Secrets from files, by the section <c>Database</c>.</summary>
public sealed class SecretFileTests
{
    private string _file = null!;

    [SetUp]
    public void MakeFile() => _file = Path.GetTempFileName();

    [TearDown]
    public void DeleteFile() => File.Delete(_file);

    [TestCase("hush", "hush")]
    [TestCase("hush\n", "hush")]
    [TestCase("hush\r\n", "hush")]
    [TestCase(" hu sh ", " hu sh ")]
    public void A_secret_is_what_its_file_holds_without_the_line_break_at_the_end(string content, string secret)
    {
        File.WriteAllText(_file, content);

        Read(("PasswordFile", _file)).Password.ShouldBe(secret);
    }

    [Test]
    public void A_new_content_is_read_without_a_restart_and_a_file_that_is_being_replaced_leaves_the_secret_as_it_was()
    {
        File.WriteAllText(_file, "old");
        var options = Read(("PasswordFile", _file));

        File.WriteAllText(_file, "new");
        SecretFile.Current(options.Password, options.PasswordFile).ShouldBe("new");
        File.WriteAllText(_file, "");
        SecretFile.Current(options.Password, options.PasswordFile).ShouldBe("old");
        File.Delete(_file);
        SecretFile.Current(options.Password, options.PasswordFile).ShouldBe("old");
    }

    [Test]
    public void A_file_that_is_not_there_is_one_line() =>
        Errors(("PasswordFile", "/nowhere/secret")).ShouldHaveSingleItem().ShouldBe(
            "Database:PasswordFile is \"/nowhere/secret\"; allowed: a file that holds the secret, and there is no such file. Mount it, and let this program's user read it. (environment: Database__PasswordFile)");

    [TestCase("")]
    [TestCase("\n")]
    public void An_empty_file_is_one_line(string content)
    {
        File.WriteAllText(_file, content);

        Errors(("PasswordFile", _file)).ShouldHaveSingleItem().ShouldContain("and it is empty");
    }

    [Test]
    public void A_secret_and_its_file_at_once_are_refused_and_the_secret_is_not_shown()
    {
        File.WriteAllText(_file, "hush");

        var error = Errors(("PasswordFile", _file), ("Password", "hidden")).ShouldHaveSingleItem();

        error.ShouldContain("allowed: one of Database:Password and Database:PasswordFile");
        error.ShouldNotContain("hidden");
    }

    [Test]
    public void A_password_in_the_connection_string_beside_one_of_its_own_is_refused()
    {
        var error = Errors(("ConnectionString", "Host=x;Password=inside"), ("Password", "beside")).ShouldHaveSingleItem();

        error.ShouldStartWith("Database:ConnectionString is (hidden); allowed: without a Password");
        error.ShouldNotContain("inside");
    }

    private static DatabaseOptions Read(params (string Key, string Value)[] values)
    {
        var settings = values.Prepend(("ConnectionString", "Host=x")).GroupBy(value => value.Item1).Select(same => KeyValuePair.Create($"Database:{same.Key}", (string?)same.Last().Item2));
        using var services = new ServiceCollection()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())
            .AddSection<DatabaseOptions>("Database").BuildServiceProvider();
        return services.GetRequiredService<IOptions<DatabaseOptions>>().Value;
    }

    private static IReadOnlyList<string> Errors(params (string Key, string Value)[] values) =>
        [.. Should.Throw<OptionsValidationException>(() => Read(values)).Failures];
}
