using System.Diagnostics;
using Npgsql;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace ServiceDefaults.Tests.Start;

/// <summary>The built programs, as an operator starts them.</summary>
public sealed class ProgramTests
{
    private const string Worker = "Consumer.Worker";
    private const string Api = "Producer.Api";

    [TestCase(Api, "", "Api__MaxMailBytes", "abc", "Api:MaxMailBytes is \"abc\"; allowed: 1024 to 100000000")]
    [TestCase(Api, "", "Api__MaxMailByte", "1", "Api:MaxMailByte is \"1\", but Api has no such key; allowed: Key, KeyFile, IdSecret, IdSecretFile, MaxMailBytes")]
    [TestCase(Api, "", "Api__AcceptTimeout", "soon", "Api:AcceptTimeout is \"soon\"; allowed: 00:00:01 to 00:05:00")]
    [TestCase(Api, "", "Api__Key", "short", "Api:Key is (hidden); allowed: 16 or more")]
    [TestCase(Api, "", "Kafka__Partitions", "many", "Kafka:Partitions is \"many\"; allowed: 1 to 1000")]
    [TestCase(Api, "", "Database__MaxPoolSize", "1", "Database:MaxPoolSize is \"1\"; allowed: 2 to 1000")]
    [TestCase(Worker, "", "Smtp__Port", "abc", "Smtp:Port is \"abc\"; allowed: 1 to 65535")]
    [TestCase(Worker, "", "Worker__StopTimeout", "soon", "Worker:StopTimeout is \"soon\"; allowed: 00:00:01 to 00:10:00")]
    [TestCase(Worker, "", "Smtp__Prot", "25", "Smtp:Prot is \"25\", but Smtp has no such key; allowed: Host, Port")]
    [TestCase(Worker, "", "Kafka__Partitions", "many", "Kafka:Partitions is \"many\"; allowed: 1 to 1000")]
    [TestCase(Worker, "", "Retry__RedeliveryIntervals", "1x", "Retry:RedeliveryIntervals is \"1x\"; allowed: up to 20 durations")]
    [TestCase(Worker, "", "Alerts__SlackWebhookUrl", "hooks.example.com/secret", "Alerts:SlackWebhookUrl is (hidden); allowed: an http or https address")]
    [TestCase(Worker, "migrate", "Database__CommandTimeout", "abc", "Database:CommandTimeout is \"abc\"; allowed: 00:00:01 to 00:10:00")]
    [TestCase(Worker, "migrate", "Database__ConnectionStrin", "Host=x;Password=secret", "Database:ConnectionStrin is set, but Database has no such key; allowed: ConnectionString")]
    [TestCase(Worker, "ledger", "Kafka__Partitions", "many", "Kafka:Partitions is \"many\"; allowed: 1 to 1000")]
    [TestCase(Worker, "ledger", "Kafka__Servers", "x:1", "Kafka:Servers is set, but Kafka has no such key; allowed: BootstrapServers")]
    public async Task A_wrong_option_ends_a_program_with_one_line_that_says_key_value_what_is_allowed_and_the_fix(
        string program, string verb, string variable, string value, string says)
    {
        var (exitCode, output, error) = await RunAsync(program, verb, (variable, value));

        exitCode.ShouldBe(1, output + error);
        error.Trim().ShouldSatisfyAllConditions(
            line => line.ShouldStartWith($"{program} does not start: {says}"),
            line => line.ShouldEndWith($"(environment: {variable})"),
            line => line.ShouldNotContain('\n'),
            line => line.ShouldNotContain("secret", Case.Sensitive));
        output.ShouldNotContain("Exception");
    }

    [Test]
    public async Task A_login_that_Postgres_refuses_ends_migrate_with_one_line_and_no_trace()
    {
        var settings = new NpgsqlConnectionStringBuilder((await PostgresFixture.StartAsync()).ConnectionString);
        var role = $"nobody_{Guid.NewGuid():N}";
        settings.Username = role;
        settings.Database = "none_" + role;
        var (exitCode, output, error) = await RunAsync(Worker, "migrate", ("Database__ConnectionString", settings.ConnectionString));

        exitCode.ShouldBe(1, output + error);
        error.Trim().ShouldStartWith("Consumer.Worker does not start: Postgres: ");
        error.Trim().ShouldNotContain('\n');
    }

    [TestCase(Api)]
    [TestCase(Worker)]
    public async Task Where_domains_cannot_be_mapped_a_program_does_not_start_rather_than_send_to_others(string program)
    {
        var settings = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{program}.{Guid.NewGuid():N}.runtimeconfig.json");
        const string Mapped = "\"System.Globalization.Invariant\": false";
        var built = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, program + ".runtimeconfig.json"));
        built.ShouldContain(Mapped, Case.Sensitive, "an image's DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 does not win over it");
        await File.WriteAllTextAsync(settings, built.Replace(Mapped, Mapped.Replace("false", "true", StringComparison.Ordinal), StringComparison.Ordinal));

        var (exitCode, output, error) = await RunAsync(program, "", ["exec", "--runtimeconfig", settings]);

        exitCode.ShouldBe(1, output + error);
        error.Trim().ShouldStartWith($"{program} does not start: domain names in other characters than ASCII cannot be mapped");
        error.Trim().ShouldContain("Install ICU");
        error.Trim().ShouldNotContain('\n');
    }

    [TestCase(Api, "", "Kafka__BootstrapServers", "x", "Api__MaxMailBytes", "abc")]
    [TestCase(Worker, "", "Kafka__BootstrapServers", "x", "Smtp__Port", "abc")]
    [TestCase(Worker, "ledger", "Kafka__BootstrapServers", "x", "Database__MaxPoolSize", "many")]
    public async Task Wrong_options_of_several_sections_are_reported_in_one_start_each_in_its_line(
        string program, string verb, string first, string firstValue, string second, string secondValue)
    {
        var (exitCode, output, error) = await RunAsync(program, verb, (first, firstValue), (second, secondValue));

        exitCode.ShouldBe(1, output + error);
        var lines = error.Trim().Split('\n');
        lines.Length.ShouldBe(2, error);
        foreach (var variable in new[] { first, second })
            lines.ShouldContain(line => line.StartsWith($"{program} does not start: ", StringComparison.Ordinal) && line.Contains($"(environment: {variable})", StringComparison.Ordinal));
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(string program, string verb, params (string Variable, string Value)[] variables) =>
        RunAsync(program, verb, [], variables);

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string program, string verb, string[] host, params (string Variable, string Value)[] variables)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in host)
            start.ArgumentList.Add(argument);
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, program + ".dll"));
        if (verb.Length > 0)
            start.ArgumentList.Add(verb);
        start.Environment["Database__ConnectionString"] = "Host=127.0.0.1;Port=1;Database=none;Username=none;Password=none";
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        foreach (var (variable, value) in variables)
            start.Environment[variable] = value;

        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Eventually.DefaultDeadline);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}
