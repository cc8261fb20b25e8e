using System.Text.RegularExpressions;
using NUnit.Framework;
using Shouldly;

namespace Testing.Tests.Docs;

/// <summary>Every link of a Markdown page that stays in the checkout leads somewhere: to a file, and to a heading of it.</summary>
public partial class LinkTests
{
    private static readonly string[] NotOurs = ["bin", "obj", ".git", ".run", "artifacts", "TestResults", "node_modules"];

    private static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(Checkout.Root, "*.md", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
            .Select(page => Path.GetRelativePath(Checkout.Root, page))
            .Where(page => !page.Split(Path.DirectorySeparatorChar).Intersect(NotOurs).Any()).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Pages))]
    public void Its_links_lead_somewhere(string page) =>
        Links(page).Where(link => Problem(page, link) is not null).Select(link => $"{link}: {Problem(page, link)}").ShouldBeEmpty();

    [Test]
    public void The_pages_are_read_for_their_links()
    {
        Pages().ShouldContain("README.md");
        Pages().SelectMany(Links).Count().ShouldBeGreaterThan(30);
        Problem("README.md", "docs/no-such-page.md").ShouldBe("there is no such file");
        Problem("README.md", "docs/architecture.md#no-such-heading").ShouldBe("the page has no such heading");
    }

    private static IEnumerable<string> Links(string page) =>
        Link().Matches(Code().Replace(Checkout.Read(page), "")).Select(match => match.Groups["target"].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal));

    private static string? Problem(string page, string link)
    {
        var (file, heading) = link.Split('#') is [var path, var fragment] ? (path, fragment) : (link, "");
        var target = file.Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, file);
        if (!Path.Exists(Path.Combine(Checkout.Root, target)))
            return "there is no such file";

        return heading.Length == 0 || Headings(target).Contains(heading) ? null : "the page has no such heading";
    }

    /// <summary>The anchors that GitHub gives the headings of a page: lower case, without punctuation, spaces as hyphens.</summary>
    private static IEnumerable<string> Headings(string page) =>
        Heading().Matches(Code().Replace(Checkout.Read(page), ""))
            .Select(match => Dropped().Replace(match.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.None, 1_000)]
    private static partial Regex Link();

    [GeneratedRegex("^#{1,6} (?<text>.+)$", RegexOptions.Multiline, 1_000)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.None, 1_000)]
    private static partial Regex Dropped();

    /// <summary>Blocks between fences, where brackets are code.</summary>
    [GeneratedRegex("^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline, 1_000)]
    private static partial Regex Code();
}
