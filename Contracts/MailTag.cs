using System.Text.Json;
using System.Text.Json.Serialization;

namespace Contracts;

/// <summary>A label of a mail: one text, or a name with a value. In JSON <c>"order"</c> or <c>{"name":"campaign","value":"spring"}</c>.</summary>
/// <param name="Name">The text, or the name.</param>
/// <param name="Value">The value; <c>null</c> for one text.</param>
[JsonConverter(typeof(MailTagConverter))]
public sealed record MailTag(string Name, string? Value = null)
{
    /// <summary>Whether a text calls this tag: its text, its name with whatever value, or its name and value as <c>name:value</c>.</summary>
    /// <param name="text">The text.</param>
    public bool IsCalled(string text) => Name == text || (Value is not null && $"{Name}:{Value}" == text);

    /// <summary>A label of one text.</summary>
    /// <param name="name">The text.</param>
    public static implicit operator MailTag(string name) => new(name);
}

/// <summary>Writes tags as they are posted, and reads what it wrote.</summary>
internal sealed class MailTagConverter : JsonConverter<MailTag>
{
    public override MailTag Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return new MailTag(reader.GetString()!);
        using var tag = JsonDocument.ParseValue(ref reader);
        return new MailTag(tag.RootElement.GetProperty(MailTagFields.Name).GetString()!, tag.RootElement.GetProperty(MailTagFields.Value).GetString());
    }

    public override void Write(Utf8JsonWriter writer, MailTag value, JsonSerializerOptions options)
    {
        if (value.Value is null)
        {
            writer.WriteStringValue(value.Name);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString(MailTagFields.Name, value.Name);
        writer.WriteString(MailTagFields.Value, value.Value);
        writer.WriteEndObject();
    }
}

/// <summary>The names of the fields of a tag in JSON.</summary>
public static class MailTagFields
{
    /// <summary>The name.</summary>
    public const string Name = "name";

    /// <summary>The value.</summary>
    public const string Value = "value";
}
