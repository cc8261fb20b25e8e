using Producer.Api.Console.Failures;

namespace Console.Tests;

/// <summary>What differs between two texts.</summary>
public sealed class LineDiffTests
{
    [TestCase("", "", "")]
    [TestCase("", "a", "+a")]
    [TestCase("a", "", "-a")]
    [TestCase("a\nb\nc", "a\nx\nc", "=a -b +x =c")]
    [TestCase("a\nb", "b\na", "-a =b +a")]
    [TestCase("a\na\na", "a\na", "=a =a -a")]
    [TestCase("1\n2\n3\n4\n5\n6\n7\n8", "1\n2\n3\n4\n5\n6\n7\nx", "…5 lines that are the same =6 =7 -8 +x")]
    public void Lines_are_kept_removed_or_added_and_far_ones_are_counted(string before, string after, string expected) =>
        string.Join(' ', LineDiff.Of(before, after).Select(Written)).ShouldBe(expected);

    [Test]
    public void Whatever_the_texts_are_both_can_be_read_off_the_difference()
    {
        var random = new Random(4711);
        for (var round = 0; round < 500; round++)
        {
            // Nearer than what is skipped.
            var (before, after) = (Lines(random, 5), Lines(random, 5));
            var lines = LineDiff.Of(string.Join('\n', before), string.Join('\n', after));
            if (lines.Any(line => line.Change == LineChange.Skipped))
                continue;
            lines.Where(line => line.Change != LineChange.Added).Select(line => line.Text).ShouldBe(before);
            lines.Where(line => line.Change != LineChange.Removed).Select(line => line.Text).ShouldBe(after);
        }
    }

    [Test]
    public void Texts_of_very_many_lines_are_compared_as_blocks_between_what_is_the_same()
    {
        var (before, after) = (string.Join('\n', Enumerable.Range(0, 5_000)), string.Join('\n', Enumerable.Range(0, 5_000).Select(number => number is 0 or 4_999 ? number : -number)));
        LineDiff.Of(before, after).Count(line => line.Change == LineChange.Removed).ShouldBe(4_998);
    }

    private static string[] Lines(Random random, int most) => [.. Enumerable.Range(0, random.Next(1, most)).Select(_ => $"{(char)('a' + random.Next(3))}")];

    private static string Written(DiffLine line) => line.Change switch { LineChange.Same => "=", LineChange.Removed => "-", LineChange.Added => "+", _ => "…" } + line.Text;
}
