using System.Text;
using System.Text.Json;
using Contracts;

namespace Producer.Api.Failures;

/// <summary>Bytes of a record as a person can read them.</summary>
/// <param name="Size">How many.</param>
/// <param name="Text">As UTF-8 text; null where they are not.</param>
/// <param name="Base64">Exactly; null where <paramref name="Text"/> says the same.</param>
/// <param name="Json">As JSON; null where they are not, or are JSON that not every reader takes: with half a surrogate pair, or a name given twice.</param>
public sealed record Bytes(int Size, string? Text, string? Base64, JsonElement? Json)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal static Bytes? Of(byte[]? bytes, bool withJson = false)
    {
        if (bytes is null)
            return null;

        var text = TextOf(bytes);
        return new Bytes(bytes.Length, text, text is null ? Convert.ToBase64String(bytes) : null, withJson ? PlainJson.TryRead(bytes) : null);
    }

    private static string? TextOf(byte[] bytes)
    {
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

/// <summary>A header of a record.</summary>
/// <param name="Name">Its name; names may repeat.</param>
/// <param name="Value">Its value.</param>
public sealed record HeaderReport(string Name, Bytes? Value)
{
    internal static HeaderReport Of(RecordHeader header) => new(header.Name, Bytes.Of(header.Value));
}
