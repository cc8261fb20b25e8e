using System.Text.RegularExpressions;
using NUnit.Framework;
using Shouldly;

namespace Testing.Tests;

/// <summary>Holds what docs/operations.md quotes against the code, so that nobody searches a log for a line that is not written any more.</summary>
public partial class OperationsPageTests
{
    private static readonly string Page = Checkout.Read("docs/operations.md");

    private static readonly string Code = string.Concat(
        new[] { "Consumer.Worker", "Messaging.Kafka", "Persistence", "Producer.Api", "ServiceDefaults" }
            .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Checkout.Root, project), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Contains("obj"))
            .Select(File.ReadAllText));

    private static readonly string[] Commands = ["kafka", "curl", "ALTER", "pg_", "Consumer.Worker ", "keys ", "dotnet ", "docker "];

    /// <summary>What is quoted and is not the name of an option, a command, a state or a path: words that a log line or a reason has.</summary>
    private static IEnumerable<string> Sentences() =>
        Quoted().Matches(Prose().Replace(Page, "")).Select(match => match.Groups["text"].Value).Where(text => text.Count(c => c == ' ') >= 2 && !text.Contains('(', StringComparison.Ordinal)
            && !Commands.Any(command => text.StartsWith(command, StringComparison.Ordinal))).Distinct();

    private static IEnumerable<string> Metrics() =>
        Metric().Matches(Page).Select(match => match.Value).Distinct();

    private static IEnumerable<string> Options() =>
        Option().Matches(Page).Select(match => match.Groups["name"].Value).Distinct();

    [TestCaseSource(nameof(Sentences))]
    public void What_the_page_quotes_is_written_by_the_code(string sentence) => Holed(sentence).IsMatch(Code).ShouldBeTrue(sentence);

    /// <summary>A quote's … is what the code writes as a value.</summary>
    private static Regex Holed(string sentence) =>
        new(string.Join(@"\{[^}]*\}", sentence.Split('…').Select(Regex.Escape)), RegexOptions.NonBacktracking);

    [TestCaseSource(nameof(Metrics))]
    public void Every_metric_of_the_page_is_measured(string metric)
    {
        var name = metric.Replace("_total", "", StringComparison.Ordinal).Replace("_seconds", "", StringComparison.Ordinal);
        Instrument().Matches(Code).Select(match => match.Groups["name"].Value.Replace('.', '_')).ShouldContain(name);
    }

    [TestCaseSource(nameof(Options))]
    public void Every_option_of_the_page_is_one(string option) => Checkout.Read("docs/configuration.md").ShouldContain($"`{option}`");

    [Test]
    public void Its_commands_are_there()
    {
        foreach (var verb in Verb().Matches(Page).Select(match => match.Groups["verb"].Value).Distinct())
            Checkout.Read("dev").ShouldContain($"  {verb}) {verb} ");
        foreach (var verb in WorkerVerb().Matches(Page).Select(match => match.Groups["verb"].Value).Distinct())
            Checkout.Read("Consumer.Worker/Program.cs").ShouldContain($"[\"{verb}\", ..");
    }

    [Test]
    public void The_page_is_read_for_what_it_quotes()
    {
        Sentences().Count().ShouldBeGreaterThan(15);
        Metrics().Count().ShouldBeGreaterThan(5);
        Options().Count().ShouldBeGreaterThan(5);
    }

    [Test]
    public void Its_exit_codes_are_the_ledgers()
    {
        var verb = Checkout.Read("Consumer.Worker/Ledger/LedgerVerb.cs");
        foreach (Match constant in ExitCode().Matches(verb))
            Page.ShouldContain($"| {constant.Groups["code"].Value} | ");
        ExitCode().Count(verb).ShouldBe(5);
    }

    [GeneratedRegex("`(?<text>[^`\n]+)`", RegexOptions.None, 1_000)]
    private static partial Regex Quoted();

    [GeneratedRegex("^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline, 1_000)]
    private static partial Regex Prose();

    [GeneratedRegex("(?<=`)(?:kafka_rider|mails|mail|dead_letters|alerts|messaging)_[a-z_]+(?=`)", RegexOptions.None, 1_000)]
    private static partial Regex Metric();

    [GeneratedRegex("""Create(?:Counter|Histogram|Observable\w+)(?:<\w+>)?\("(?<name>[a-z_.]+)""", RegexOptions.None, 1_000)]
    private static partial Regex Instrument();

    [GeneratedRegex("`(?<name>(?:Smtp|Worker|Retry|Retention|Database|Api|Kafka|Alerts):[A-Za-z]+)`", RegexOptions.None, 1_000)]
    private static partial Regex Option();

    [GeneratedRegex("`./dev (?<verb>[a-z]+)", RegexOptions.None, 1_000)]
    private static partial Regex Verb();

    [GeneratedRegex("`Consumer.Worker (?<verb>[a-z]+(?:-[a-z]+)*)", RegexOptions.None, 1_000)]
    private static partial Regex WorkerVerb();

    [GeneratedRegex(@"public const int \w+ = (?<code>\d);\s+(?:/// <summary>|/// <param|/// <returns>)", RegexOptions.None, 1_000)]
    private static partial Regex ExitCode();
}
