using System.Buffers;
using System.Text;
using System.Text.Json;
using Contracts;
using Persistence.Text;

namespace Persistence.Failures;

/// <summary>
/// Headers as <c>failures.headers</c> stores them: a list, so that repeated names and the order survive, of
/// <c>{"name", "value"}</c> where the bytes are text that jsonb takes, else <c>{"name", "base64"}</c>.
/// </summary>
public static class HeaderJson
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes headers.</summary>
    public static string Write(IReadOnlyList<RecordHeader> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var header in headers)
            {
                json.WriteStartObject();
                json.WriteString("name", PostgresText.Clean(header.Name));
                WriteValue(json, header.Value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads what <see cref="Write"/> wrote, as text.</summary>
    internal static IReadOnlyList<RecordHeader> Read(string? text)
    {
        using var document = text is null ? null : JsonDocument.Parse(text);
        return Read(document);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static IReadOnlyList<RecordHeader> Read(JsonDocument? document) =>
        document is null ? [] : [.. document.RootElement.EnumerateArray().Select(Read)];

    private static RecordHeader Read(JsonElement header)
    {
        var name = header.GetProperty("name").GetString()!;
        if (header.TryGetProperty("base64", out var base64))
            return new RecordHeader(name, base64.GetBytesFromBase64());
        var value = header.GetProperty("value");
        return new RecordHeader(name, value.ValueKind == JsonValueKind.Null ? null : Encoding.UTF8.GetBytes(value.GetString()!));
    }

    private static void WriteValue(Utf8JsonWriter json, byte[]? value)
    {
        if (value is not { } bytes)
            json.WriteNull("value");
        else if (TryDecode(bytes) is { } text)
            json.WriteString("value", text);
        else
            json.WriteBase64String("base64", bytes);
    }

    /// <summary>The text, or null where the bytes are not text that jsonb stores: jsonb refuses NUL even when it is escaped.</summary>
    private static string? TryDecode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Contains((byte)0))
            return null;
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
