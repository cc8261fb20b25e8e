using System.Diagnostics;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Shouldly;

namespace Testing.Tests.Docs;

/// <summary>Each thing has one word, that of the glossary in docs/architecture.md. These are the words that it had before.</summary>
public class WordsTests
{
    private const string OwnFile = "tests/Testing.Tests/Docs/WordsTests.cs";

    private static readonly string[] Extensions = [".cs", ".md", ".sh", ".yml", ".json", ".razor"];

    private static readonly Lazy<IReadOnlyList<(string Path, string[] Lines)>> Files = new(Read);

    [TestCase(@"\bbooks?\b", "store (a type), database (where rows are)")]
    [TestCase(@"\bbooked\b", "stored")]
    [TestCase(@"\bgeneration\b", "epoch")]
    [TestCase(@"hand-?overs?", "outbox entry")]
    [TestCase(@"\bsystemic\b", "dependency unavailable")]
    [TestCase(@"\bPauseGate\b", "PauseCircuit")]
    [TestCase(@"\b(?:patience|haste)\b", "timeout, lock timeout")]
    [TestCase(@"\bmend(?:s|ed|ing)?\b", "fix")]
    [TestCase(@"(?<!\b(?:there|where) )\b(?:is|are) no (?!longer\b|more\b)", "is not a …, is not a valid …")]
    [TestCase(@"\bdoors?\b", "entry point")]
    [TestCase(@"\bcall(?:s|ed|ing)?(?: it| them| a mail| the mail)? back\b", "cancel")]
    [TestCase(@"\bfor good\b", "permanently")]
    [TestCase(@"\bforsak|\bforsook\b", "abandon")]
    [TestCase(@"\bbur(?:y|ies|ied)\b", "mark dead")]
    [TestCase(@"\bin doubt\b", "unknown outcome")]
    [TestCase(@"\b(?:lets?|letting)(?: it| them| a mail)? go\b", "release")]
    [TestCase(@"\btak(?:e|es|en|ing)(?: it| them)? back\b", "reclaim")]
    [TestCase(@"\bmail_ledger\b", "mails_by_state")]
    [TestCase(@"\bemail\.deliver(?:y|ies)\b|\bdelivery_recipients\b", "email.mails, email.mail_recipients")]
    public void A_word_that_the_glossary_replaced_is_nowhere(string pattern, string instead)
    {
        var word = new Regex(pattern, RegexOptions.IgnoreCase, TimeSpan.FromSeconds(10));

        Files.Value.SelectMany(file => file.Lines.Select((line, index) => (file.Path, Number: index + 1, Line: line.Trim())))
            .Where(line => word.IsMatch(line.Line))
            .Select(line => $"{line.Path}:{line.Number}: {line.Line}")
            .ShouldBeEmpty($"say instead: {instead}");
    }

    [Test]
    public void The_files_of_all_projects_are_read() =>
        new[] { "Contracts", "Consumer.Worker", "Messaging.Kafka", "Persistence", "Producer.Api", "docs", "tests", "tools", "README.md" }
            .ShouldBeSubsetOf(Files.Value.Select(file => file.Path.Split('/')[0]));

    private static List<(string Path, string[] Lines)> Read()
    {
        var start = new ProcessStartInfo("git", ["ls-files", "-z"]) { WorkingDirectory = Checkout.Root, RedirectStandardOutput = true, UseShellExecute = false };
        using var git = Process.Start(start)!;
        var paths = git.StandardOutput.ReadToEnd().Split('\0', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        git.ExitCode.ShouldBe(0, "git ls-files");
        return
        [
            .. paths.Where(path => Extensions.Contains(Path.GetExtension(path)) && !path.StartsWith("docs/adr/", StringComparison.Ordinal) && path != OwnFile)
                // A file that is deleted and not yet committed is still listed.
                .Where(path => File.Exists(Path.Combine(Checkout.Root, path)))
                .Select(path => (path, File.ReadAllLines(Path.Combine(Checkout.Root, path)))),
        ];
    }
}
