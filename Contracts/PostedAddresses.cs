using System.Text.Json;
using System.Text.Json.Serialization;

namespace Contracts;

/// <summary>The addresses of a mail as they were posted, with their names; lists that are empty are <c>null</c>.</summary>
public sealed record PostedAddresses
{
    /// <summary>The sender.</summary>
    [JsonPropertyName(SendEmailFields.From)]
    public string From { get; init; } = "";

    /// <summary>Recipients.</summary>
    [JsonPropertyName(SendEmailFields.To)]
    public IReadOnlyList<string>? To { get; init; }

    /// <summary>Copied recipients.</summary>
    [JsonPropertyName(SendEmailFields.Cc)]
    public IReadOnlyList<string>? Cc { get; init; }

    /// <summary>Hidden recipients.</summary>
    [JsonPropertyName(SendEmailFields.Bcc)]
    public IReadOnlyList<string>? Bcc { get; init; }

    /// <summary>Where replies go.</summary>
    [JsonPropertyName(SendEmailFields.ReplyTo)]
    public IReadOnlyList<string>? ReplyTo { get; init; }

    /// <summary>Those of a mail.</summary>
    /// <param name="mail">The mail.</param>
    public static PostedAddresses Of(SendEmail mail)
    {
        ArgumentNullException.ThrowIfNull(mail);
        return new PostedAddresses { From = mail.From, To = Some(mail.To), Cc = Some(mail.Cc), Bcc = Some(mail.Bcc), ReplyTo = Some(mail.ReplyTo) };
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    public static PostedAddresses OfJson(string json) => JsonSerializer.Deserialize<PostedAddresses>(json, Options)!;

    /// <summary>Writes them, without the lists that are empty.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    private static JsonSerializerOptions Options { get; } = new(SendEmailJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private static IReadOnlyList<string>? Some(IReadOnlyList<string> addresses) => addresses.Count == 0 ? null : addresses;
}
