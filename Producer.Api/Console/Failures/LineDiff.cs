namespace Producer.Api.Console.Failures;

/// <summary>What became of a line.</summary>
public enum LineChange
{
    /// <summary>It is in both texts.</summary>
    Same,

    /// <summary>It is in the first alone.</summary>
    Removed,

    /// <summary>It is in the second alone.</summary>
    Added,

    /// <summary>Several lines that are in both, and far from what differs: the text says how many.</summary>
    Skipped,
}

/// <summary>A line of two texts that are compared.</summary>
/// <param name="Change">What became of it.</param>
/// <param name="Text">The line.</param>
public sealed record DiffLine(LineChange Change, string Text);

/// <summary>Compares two texts line by line.</summary>
internal static class LineDiff
{
    // Beside what differs.
    private const int Context = 2;

    // Pairs of lines that are compared: 4 MB. Past it what differs is shown as one block.
    private const int MostPairs = 1_000_000;

    /// <summary>The lines of both, in order, of those that are the same the ones beside what differs; of an empty text there are none.</summary>
    public static IReadOnlyList<DiffLine> Of(string before, string after)
    {
        var (was, now) = (Lines(before), Lines(after));
        var first = was.Zip(now).TakeWhile(pair => pair.First == pair.Second).Count();
        var last = was.Skip(first).Reverse().Zip(now.Skip(first).Reverse()).TakeWhile(pair => pair.First == pair.Second).Count();
        return WithoutFarOnes(
        [
            .. was.Take(first).Select(line => new DiffLine(LineChange.Same, line)),
            .. Middle(was[first..^last], now[first..^last]),
            .. was.TakeLast(last).Select(line => new DiffLine(LineChange.Same, line)),
        ]);
    }

    private static List<DiffLine> Middle(string[] was, string[] now)
    {
        if ((long)was.Length * now.Length > MostPairs)
            return [.. was.Select(line => new DiffLine(LineChange.Removed, line)), .. now.Select(line => new DiffLine(LineChange.Added, line))];

        // How many lines the rests of both have in common (the longest common subsequence).
        var common = new int[was.Length + 1, now.Length + 1];
        for (var i = was.Length - 1; i >= 0; i--)
        {
            for (var j = now.Length - 1; j >= 0; j--)
                common[i, j] = was[i] == now[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }

        var lines = new List<DiffLine>();
        var (at, next) = (0, 0);
        while (at < was.Length || next < now.Length)
        {
            lines.Add(at < was.Length && next < now.Length && was[at] == now[next] ? new DiffLine(LineChange.Same, was[at++])
                : next == now.Length || (at < was.Length && common[at + 1, next] >= common[at, next + 1]) ? new DiffLine(LineChange.Removed, was[at++])
                : new DiffLine(LineChange.Added, now[next++]));
            next += lines[^1].Change == LineChange.Same ? 1 : 0;
        }

        return lines;
    }

    private static List<DiffLine> WithoutFarOnes(List<DiffLine> lines)
    {
        var shown = new List<DiffLine>();
        var skipped = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            if (Enumerable.Range(Math.Max(0, i - Context), Math.Min(lines.Count, i + Context + 1) - Math.Max(0, i - Context)).All(near => lines[near].Change == LineChange.Same))
            {
                skipped++;
                continue;
            }

            TellSkipped();
            shown.Add(lines[i]);
        }

        TellSkipped();
        return shown;

        void TellSkipped()
        {
            if (skipped > 0)
                shown.Add(new DiffLine(LineChange.Skipped, Parts.Words.Count(skipped, "line that is the same", "lines that are the same")));
            skipped = 0;
        }
    }

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.Split('\n');
}
