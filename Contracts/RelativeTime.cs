using System.Globalization;
using System.Text.RegularExpressions;

namespace Contracts;

/// <summary>Times that count from when a mail is accepted, in the words that Resend takes: <c>in 1 hour</c>. They exist in posts alone, never in a record.</summary>
public static partial class RelativeTime
{
    /// <summary>What is expected, to follow "or ".</summary>
    public const string Rule = "a time from now in seconds, minutes, hours, days or weeks, such as 'in 1 hour'";

    /// <summary>Reads one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="time">How long from now.</param>
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = default;
        if (Form().Match(text) is not { Success: true, Groups: var parts })
            return false;
        var unit = parts["unit"].ValueSpan[0] switch
        {
            's' or 'S' => TimeSpan.FromSeconds(1),
            'm' or 'M' => TimeSpan.FromMinutes(1),
            'h' or 'H' => TimeSpan.FromHours(1),
            'd' or 'D' => TimeSpan.FromDays(1),
            _ => TimeSpan.FromDays(7),
        };
        var number = int.Parse(parts["number"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
        time = number > TimeSpan.MaxValue / unit ? TimeSpan.MaxValue : unit * number;
        return true;
    }

    /// <summary>Writes one, one text for one time.</summary>
    /// <param name="time">The time, of whole seconds.</param>
    public static string Write(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"in {(long)time.TotalSeconds} seconds");

    [GeneratedRegex(
        @"\Ain (?<number>[0-9]{1,7}) (?<unit>s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?)\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
