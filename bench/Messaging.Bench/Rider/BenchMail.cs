using System.Globalization;
using System.Text;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;
using Messaging.Bench.Running;

namespace Messaging.Bench.Rider;

/// <summary>The message of the rider's rows: about 300 bytes of JSON, with 500 different keys.</summary>
public sealed record BenchMail
{
    private const int Keys = 500;

    private static readonly JsonSerializerOptions Compact = new(SystemTextJsonMessageSerializer.Options) { WriteIndented = false };
    private static readonly string Filler = string.Concat(Enumerable.Repeat("lorem ipsum ", 12));

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

    /// <summary>The mail of a number as a record, with the headers that the rider's own producer gives it.</summary>
    internal static BenchRecord Record(int number) => new(
        Encoding.UTF8.GetBytes(KeyText(number)),
        Of(number).ToBytes(),
        [
            Header(nameof(MessageContext.MessageId), Id(number, 1)),
            Header(nameof(MessageContext.ConversationId), Id(number, 2)),
            Header(nameof(MessageContext.DestinationAddress), "topic:bench"),
            Header(nameof(MessageContext.SourceAddress), "loopback://localhost/"),
            Header(MessageHeaders.ContentType, "application/json"),
        ]);

    private static string Id(int number, short kind) => new Guid(number, kind, 1, 1, 2, 3, 4, 5, 6, 7, 8).ToString();

    private static KeyValuePair<string, byte[]> Header(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));
}
