using System.Text.RegularExpressions;
using NUnit.Framework;
using Shouldly;

namespace Testing.Tests.Docs;

/// <summary>Every test that docs/reliability.md names is there.</summary>
public sealed partial class ReliabilityPageTests
{
    private static IEnumerable<string> Tests() => Name().Matches(Checkout.Read("docs/reliability.md")).Select(match => match.Groups["name"].Value).Distinct();

    [Test]
    public void Every_test_that_the_page_names_is_there()
    {
        var code = string.Concat(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Contains("obj")).Select(File.ReadAllText));
        Tests().Where(name => !code.Contains($" {name}(", StringComparison.Ordinal)).ShouldBeEmpty();
        Tests().Count().ShouldBeGreaterThan(25);
    }

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`", RegexOptions.None, 1_000)]
    private static partial Regex Name();
}
