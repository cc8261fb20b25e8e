using System.Globalization;
using System.Text;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;
using Messaging.Bench.Running;

namespace Messaging.Bench.Rider;

/// <summary>The message of the rider's rows, of 500 different keys; with key and header it makes a record of 300 bytes.</summary>
public sealed record BenchMail
{
    private const int Keys = 500;

    private static readonly JsonSerializerOptions Compact = new(SystemTextJsonMessageSerializer.Options) { WriteIndented = false };
    private static readonly string Filler = string.Concat(Enumerable.Repeat("lorem ipsum ", 9));

    public required int Number { get; init; }

    public required string From { get; init; }

    public required string To { get; init; }

    public required string Subject { get; init; }

    public required string Text { get; init; }

    /// <summary>When it should arrive, in milliseconds since 1970; 0 at once.</summary>
    public long Due { get; init; }

    /// <summary>The key of the mail of a number.</summary>
    public static int KeyOf(int number) => number % Keys;

    /// <summary>The key as text.</summary>
    public static string KeyText(int number) => string.Create(CultureInfo.InvariantCulture, $"customer-{KeyOf(number)}");

    /// <summary>The mail of a number.</summary>
    public static BenchMail Of(int number, long due = 0) => new()
    {
        Number = number,
        From = "noreply@shop.example.com",
        To = string.Create(CultureInfo.InvariantCulture, $"customer-{KeyOf(number)}@example.com"),
        Subject = string.Create(CultureInfo.InvariantCulture, $"Your order {number:D8}"),
        Text = Filler,
        Due = due,
    };

    /// <summary>Its value on the wire.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Compact);

    /// <summary>The mail of a number as a record of 300 bytes: key, value, and its id as the one header.</summary>
    internal static BenchRecord Record(int number) => Record(number, KeyText(number));

    /// <summary>The same with 20 keys a partition, over four partitions.</summary>
    internal static BenchRecord RecordOfFewKeys(int number) => Record(number, KeyText(number % 80));

    private static BenchRecord Record(int number, string keyText)
    {
        var (key, value, id) = (Encoding.UTF8.GetBytes(keyText), Of(number).ToBytes(), new Guid(number, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8).ToString());
        return new BenchRecord(key, value, [new(MessageHeaders.MessageId, Encoding.UTF8.GetBytes(id))]);
    }
}
