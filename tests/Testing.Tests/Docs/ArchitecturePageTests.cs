using System.Text.RegularExpressions;
using NUnit.Framework;
using Shouldly;

namespace Testing.Tests.Docs;

/// <summary>Who follows docs/architecture.md through the code finds every type and every path that it names.</summary>
public partial class ArchitecturePageTests
{
    private static readonly string Page = Checkout.Read("docs/architecture.md");

    private static readonly Lazy<HashSet<string>> Words = new(() =>
        Sources().Select(File.ReadAllText).SelectMany(text => Word().Matches(text)).Select(match => match.Value).ToHashSet(StringComparer.Ordinal));

    // MassTransit's, of which the code only has the extension methods.
    private static readonly string[] Foreign = ["Fault"];

    private static IEnumerable<string> Paths() => Quoted(PathPattern());

    private static IEnumerable<string> Types() => Quoted(TypePattern());

    [TestCaseSource(nameof(Paths))]
    public void Every_path_that_it_names_is_there(string path)
    {
        var full = Path.Combine(Checkout.Root, path);
        (File.Exists(full) || File.Exists(full + ".cs") || Directory.Exists(full)).ShouldBeTrue($"{path} is not in the checkout");
    }

    [TestCaseSource(nameof(Types))]
    public void Every_type_and_member_that_it_names_is_there(string name)
    {
        if (name.EndsWith(".cs", StringComparison.Ordinal))
            Sources().Select(Path.GetFileName).ShouldContain(name);
        else
            name.Split('.').Except(Foreign).Where(word => !Words.Value.Contains(word)).ShouldBeEmpty();
    }

    [Test]
    public void The_page_is_read_for_what_it_names()
    {
        Paths().Count().ShouldBeGreaterThan(20);
        Types().Count().ShouldBeGreaterThan(50);
    }

    private static IEnumerable<string> Quoted(Regex pattern) => pattern.Matches(Page).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> Sources() =>
        new[] { "Contracts", "Consumer.Worker", "Messaging.Kafka", "Persistence", "Producer.Api", "ServiceDefaults", "tools", "tests" }
            .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Checkout.Root, project), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Contains("obj") && !file.EndsWith("ArchitecturePageTests.cs", StringComparison.Ordinal));

    /// <summary>A path below one of the projects: <c>Contracts/Topics.cs</c>, <c>Persistence/Mails</c>.</summary>
    [GeneratedRegex("`(?<name>(?:Contracts|Consumer\\.Worker|Messaging\\.Kafka|Persistence|Producer\\.Api|ServiceDefaults|tools|tests|bench|build)/[A-Za-z0-9./]*)`", RegexOptions.None, 1_000)]
    private static partial Regex PathPattern();

    /// <summary>A type, a member or a file by its name alone: <c>ClaimFilter</c>, <c>Transitions.Decide</c>, <c>PublishedFilters.cs</c>.</summary>
    [GeneratedRegex("`(?<name>[A-Z][a-z]+(?:[A-Z][a-z]+)*(?:\\.(?:[A-Z][A-Za-z]+|cs))?)`", RegexOptions.None, 1_000)]
    private static partial Regex TypePattern();

    [GeneratedRegex("[A-Za-z_][A-Za-z0-9_]*", RegexOptions.None, 1_000)]
    private static partial Regex Word();
}
