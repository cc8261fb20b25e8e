using System.Text;

namespace Messaging.Kafka;

/// <summary>
/// Holds back lines that say the same again and again: of each text one is let through in a while, with how many were left out since.
/// Numbers in a text do not tell it from another: ports and durations differ from line to line. No I/O; for any thread.
/// </summary>
/// <param name="every">How often a text may come.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class RepeatedLines(TimeSpan every, TimeProvider timeProvider)
{
    private const int Most = 1_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long At, int LeftOut)> _lines = [];

    /// <summary>Whether a line may be written.</summary>
    /// <param name="text">The line.</param>
    /// <param name="leftOut">How many of its kind were not.</param>
    public bool MayWrite(string text, out int leftOut)
    {
        var kind = Kind(text);
        lock (_lock)
        {
            if (_lines.TryGetValue(kind, out var last) && timeProvider.GetElapsedTime(last.At) < every)
            {
                _lines[kind] = (last.At, last.LeftOut + 1);
                leftOut = 0;
                return false;
            }

            if (_lines.Count >= Most)
                _lines.Clear();
            leftOut = last.LeftOut;
            _lines[kind] = (timeProvider.GetTimestamp(), 0);
            return true;
        }
    }

    private static string Kind(string text)
    {
        var kind = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            if (!char.IsAsciiDigit(character))
                kind.Append(character);
            else if (kind.Length == 0 || kind[^1] != '#')
                kind.Append('#');
        }

        return kind.ToString();
    }
}
