using System.Globalization;

namespace Consumer.Worker.Options;

/// <summary>Several durations in one option: numbers with <c>ms</c>, <c>s</c>, <c>m</c>, <c>h</c> or <c>d</c>, and commas between them.</summary>
internal static class DurationList
{
    /// <summary>What is allowed, for messages.</summary>
    public const string Allowed = "up to 20 durations from 100ms to 7d, with commas between them";

    private const int Most = 20;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>Reads a list; null where the text is none. An empty text is an empty list.</summary>
    public static List<TimeSpan>? TryRead(string? text)
    {
        var parts = (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var durations = parts.Select(TryReadOne).OfType<TimeSpan>().ToList();
        return durations.Count == parts.Length && parts.Length <= Most ? durations : null;
    }

    private static TimeSpan? TryReadOne(string text)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        if (!int.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        TimeSpan? duration = text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            "d" => TimeSpan.FromDays(Math.Min(number, 1000)),
            _ => null,
        };
        return duration >= Shortest && duration <= Longest ? duration : null;
    }
}
