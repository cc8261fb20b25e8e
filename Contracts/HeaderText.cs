using System.Globalization;
using System.Text;

namespace Contracts;

/// <summary>
/// The text encodings of header values, which are those of MassTransit's Kafka rider. Reading never throws: anybody can write a
/// header, and what makes no sense reads as null.
/// </summary>
public static class HeaderText
{
    private static readonly long LastUnixTime = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>A text, as UTF-8.</summary>
    /// <param name="text">The text.</param>
    public static byte[] Of(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A number, decimal.</summary>
    /// <param name="number">The number.</param>
    public static byte[] Of(long number) => Of(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>An id, hyphenated ("D").</summary>
    /// <param name="id">The id.</param>
    public static byte[] Of(Guid id) => Of(id.ToString());

    /// <summary>A point in time, ISO 8601.</summary>
    /// <param name="time">The time.</param>
    public static byte[] Of(DateTimeOffset time) => Of(time.ToString("O", CultureInfo.InvariantCulture));

    /// <summary>The value of the last header of a name, which is the one that counts; null where there is none.</summary>
    /// <param name="headers">The headers.</param>
    /// <param name="name">The name, whose case counts.</param>
    public static byte[]? Last(this IReadOnlyList<RecordHeader> headers, string name)
    {
        ArgumentNullException.ThrowIfNull(headers);
        return headers.LastOrDefault(header => header.Name == name)?.Value;
    }

    /// <summary>The value as text; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <param name="value">The value.</param>
    public static string? AsText(this byte[]? value) => value is null ? null : Encoding.UTF8.GetString(value);

    /// <summary>The value as an id.</summary>
    /// <param name="value">The value.</param>
    public static Guid? AsId(this byte[]? value) => Guid.TryParse(value, out var id) ? id : null;

    /// <summary>The value as a number that counts something: 0 to one less than the largest <see cref="int"/>, so that one more fits, too.</summary>
    /// <param name="value">The value.</param>
    public static int? AsNumber(this byte[]? value) => value.AsLong() is { } number and < int.MaxValue ? (int)number : null;

    /// <summary>The value as a number from 0, such as an offset.</summary>
    /// <param name="value">The value.</param>
    public static long? AsLong(this byte[]? value) => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The value as a point in time, of Unix milliseconds.</summary>
    /// <param name="value">The value.</param>
    public static DateTimeOffset? AsUnixTime(this byte[]? value) =>
        value.AsLong() is { } time && time <= LastUnixTime ? DateTimeOffset.FromUnixTimeMilliseconds(time) : null;

    /// <summary>The value as a point in time, of ISO 8601; UTC where it has no offset.</summary>
    /// <param name="value">The value.</param>
    public static DateTimeOffset? AsTime(this byte[]? value) =>
        DateTimeOffset.TryParse(value.AsText(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
}
