using System.Text.Encodings.Web;
using System.Text.Json;
using Contracts.Json;

namespace Contracts;

/// <summary>
/// The one way between a mail and its bytes. What it writes is canonical: one mail, one sequence of bytes (UTF-8, no white space,
/// fields in the order of <see cref="SendEmailFields.All"/>, recipients as lists, absent fields left out), so that a hash of the
/// bytes tells whether two posts are the same mail.
/// </summary>
public static class SendEmailJson
{
    /// <summary>Strict JSON: no comments, no trailing commas; text is written readably, not escaped to ASCII.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>Writes <paramref name="mail"/>.</summary>
    public static byte[] Serialize(SendEmail mail) => JsonSerializer.SerializeToUtf8Bytes(mail, Options);

    /// <summary>Reads a mail. Fields it cannot take end in <see cref="SendEmail.Unread"/>.</summary>
    /// <exception cref="JsonException">The bytes are not JSON, or not a JSON object.</exception>
    public static SendEmail Deserialize(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<SendEmail>(json, Options)
        ?? throw new JsonException("A mail is a JSON object; this is null.");

    /// <summary>Reads a record's value; null where that is not a mail, or there is none.</summary>
    public static SendEmail? TryDeserialize(byte[]? value)
    {
        try
        {
            return value is null ? null : Deserialize(value);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Reads a mail that is posted, whose <c>scheduled_at</c> may count from now (<see cref="RelativeTime"/>).</summary>
    /// <param name="json">The mail.</param>
    /// <exception cref="JsonException">It is not a JSON object.</exception>
    public static SendEmail ReadPosted(JsonElement json) => json.ValueKind == JsonValueKind.Object
        ? SendEmailReader.Read(json, isPosted: true)
        : throw new JsonException($"A mail is a JSON object; this is {JsonKinds.Describe(json)}.");

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerOptions.Default) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        options.MakeReadOnly();
        return options;
    }
}
