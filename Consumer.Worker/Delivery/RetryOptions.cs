using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Consumer.Worker.Options;

namespace Consumer.Worker.Delivery;

/// <summary>Section <c>Retry</c>: what is tried again, how often and when.</summary>
internal sealed class RetryOptions : IChecksItself
{
    /// <summary>The section's name.</summary>
    public const string Section = "Retry";

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>How many further tries a mail gets at once, where a moment may cure it (lost connection, time-out). Default 2.</summary>
    [Range(0, 10, ErrorMessage = "They hold up other mails of the same key: keep them few.")]
    public int InProcessTries { get; set; } = 2;

    /// <summary>The pause before the first of them. Default 100 ms.</summary>
    [Duration("00:00:00", "00:01:00", ErrorMessage = "Longer pauses belong to the redelivery intervals.")]
    public TimeSpan InProcessInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>By how much each further pause is longer. Default 100 ms.</summary>
    [Duration("00:00:00", "00:01:00", ErrorMessage = "Longer pauses belong to the redelivery intervals.")]
    public TimeSpan InProcessIncrement { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// After which pauses a mail is delivered again before it goes to the dead-letter topic: numbers with <c>ms</c>, <c>s</c>,
    /// <c>m</c>, <c>h</c> or <c>d</c>, one for each redelivery; an empty text means none. Default <c>1s,2s,4s,8s</c>: five
    /// deliveries.
    /// </summary>
    public string RedeliveryIntervals { get; set; } = "1s,2s,4s,8s";

    /// <summary><see cref="RedeliveryIntervals"/>, read.</summary>
    /// <exception cref="FormatException">The text is not what it should be; the start finds that out before.</exception>
    public IReadOnlyList<TimeSpan> Redeliveries() =>
        TryRead(RedeliveryIntervals) ?? throw new FormatException($"{Section}:{nameof(RedeliveryIntervals)} is \"{RedeliveryIntervals}\".");

    IEnumerable<string> IChecksItself.Check(string section)
    {
        if (TryRead(RedeliveryIntervals) is null)
        {
            yield return OptionFailure.Describe(
                section, nameof(RedeliveryIntervals), RedeliveryIntervals, "up to 20 durations from 100ms to 7d, with commas between them", "For example 1s,2s,4s,8s.");
        }
    }

    private static List<TimeSpan>? TryRead(string? text)
    {
        var parts = (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var durations = parts.Select(TryReadOne).OfType<TimeSpan>().ToList();
        return durations.Count == parts.Length && parts.Length <= 20 ? durations : null;
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
