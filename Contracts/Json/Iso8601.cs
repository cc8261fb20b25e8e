using System.Globalization;

namespace Contracts.Json;

/// <summary>Points in time as text: ISO 8601 with an offset, so that they mean the same to everybody.</summary>
internal static class Iso8601
{
    private static readonly string[] Formats =
    [
        .. from seconds in new[] { "", ":ss", ":ss.FFFFFFF" }
           from offset in new[] { "'Z'", "zzz" }
           select $"yyyy-MM-dd'T'HH:mm{seconds}{offset}",
    ];

    /// <summary>Reads a time; false for one without an offset, which is another time for each reader.</summary>
    public static bool TryParse(string text, out DateTimeOffset time)
    {
        var read = DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
        time = time.ToUniversalTime();
        return read;
    }

    /// <summary>Writes a time in UTC, one text for one time.</summary>
    public static string Write(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
