using System.Globalization;
using System.Text.RegularExpressions;

namespace Contracts;

/// <summary>Points in time as text (RFC 3339): with an offset from UTC, so that they mean the same to everybody.</summary>
public static partial class Rfc3339
{
    /// <summary>What is expected, to follow "is not a valid time; ".</summary>
    public const string Rule = "RFC 3339 with the offset from UTC is expected, such as 2030-01-31T09:00:00+01:00 or 2030-01-31T08:00:00Z";

    /// <summary>What .NET keeps: 100 nanoseconds. Java and Go write nine digits; those past the seventh are dropped.</summary>
    private const int FractionDigits = 7;

    private static readonly string[] Formats =
        [.. from seconds in new[] { "", ":ss", ":ss.FFFFFFF" } from offset in new[] { "'Z'", "zzz" } select $"yyyy-MM-dd'T'HH:mm{seconds}{offset}"];

    /// <summary>
    /// Reads a time; false for one without an offset, which is another time for each reader. <c>t</c> and <c>z</c> may be small, the
    /// seconds may be left out, and a fraction of a second has up to nine digits.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="time">The time, in UTC.</param>
    public static bool TryParse(string text, out DateTimeOffset time)
    {
        time = default;
        if (Form().Match(text) is not { Success: true, Groups: var parts })
            return false;

        var fraction = parts["fraction"].ValueSpan;
        var plain = $"{parts["date"]}T{parts["time"]}{fraction[..Math.Min(fraction.Length, FractionDigits + 1)]}{parts["offset"].Value.ToUpperInvariant()}";
        if (!DateTimeOffset.TryParseExact(plain, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time))
            return false;

        time = time.ToUniversalTime();
        return true;
    }

    /// <summary>Writes a time in UTC, one text for one time.</summary>
    /// <param name="time">The time.</param>
    public static string Write(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"\A(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?<time>[0-9]{2}:[0-9]{2}(:[0-9]{2})?)(?<fraction>(?<=:[0-9]{2}:[0-9]{2})\.[0-9]{1,9})?(?<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
