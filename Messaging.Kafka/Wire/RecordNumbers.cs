using System.Globalization;
using Confluent.Kafka;

namespace Messaging.Kafka.Wire;

/// <summary>
/// Reads the numbers and times of records. Anybody can write a record, and a producer can write microseconds where milliseconds are
/// meant: what is read here is always within bounds that can be reckoned with, and reading never throws.
/// </summary>
internal static class RecordNumbers
{
    /// <summary>A day from either end of what <see cref="DateTimeOffset"/> holds, so that whoever adds or takes off a little need not check.</summary>
    private static readonly long Earliest = DateTimeOffset.MinValue.AddDays(1).ToUnixTimeMilliseconds();

    private static readonly long Latest = DateTimeOffset.MaxValue.AddDays(-1).ToUnixTimeMilliseconds();

    /// <summary>Whether a record's timestamp (milliseconds since 1970) is a time of the years 1 to 9999.</summary>
    public static bool IsTime(Timestamp timestamp) => timestamp.UnixTimestampMs >= Earliest && timestamp.UnixTimestampMs <= Latest;

    /// <summary>A record's timestamp, or the nearest time where it is beyond the years 1 to 9999.</summary>
    public static DateTimeOffset Time(Timestamp timestamp) =>
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(timestamp.UnixTimestampMs, Earliest, Latest));

    /// <summary>A header's time, milliseconds since 1970 in decimal digits; null where it is not one before the year 9999 ends.</summary>
    public static DateTimeOffset? Time(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= Latest
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    /// <summary>A header's count in decimal digits; null where it is not one below the largest <see cref="int"/>, so that one more fits.</summary>
    public static int? Count(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count < int.MaxValue ? count : null;
}
