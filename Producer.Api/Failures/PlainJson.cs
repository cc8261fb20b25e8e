using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Producer.Api.Failures;

/// <summary>
/// JSON that can be written again, and that every reader takes alike (RFC 7493): UTF-8 without half a surrogate pair, no name twice, and not
/// too deep. Records may hold any other.
/// </summary>
internal static class PlainJson
{
    // A mail is four deep; what a response may be (64) has room for it and for what stands around it.
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    /// <summary>Reads it; null where it is not, or is null itself.</summary>
    public static JsonElement? TryRead(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
            return null;
        try
        {
            var element = JsonElement.Parse(json, Options);
            // Half a surrogate pair is told of only when its text is taken.
            using var writer = new Utf8JsonWriter(Stream.Null);
            element.WriteTo(writer);
            return element.ValueKind == JsonValueKind.Null ? null : element;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Reads an object; null where it is none.</summary>
    public static JsonObject? TryReadObject(ReadOnlySpan<byte> json) =>
        TryRead(json) is { ValueKind: JsonValueKind.Object } element ? JsonObject.Create(element) : null;
}
