using System.Text.Json;
using Contracts;

namespace Consumer.Worker.Sending;

/// <summary>Reads of a record's value who sends it, and nothing else: for the turn of its mail, on the thread that reads records.</summary>
internal static class SenderReader
{
    /// <summary>The sender's address in lower case; null where the value names none.</summary>
    /// <exception cref="JsonException">The value is not JSON.</exception>
    public static string? Read(byte[]? value)
    {
        var reader = new Utf8JsonReader(value);
        if (value is null || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return null;
        // It is the first field of what the API writes.
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isFrom = reader.ValueTextEquals(SendEmailFields.From);
            reader.Read();
            if (isFrom)
                return reader.TokenType == JsonTokenType.String ? Address(reader.GetString()!) : null;
            reader.Skip();
        }

        return null;
    }

    /// <summary>The address of a mailbox without its name. A wrong one only gets a turn of its own.</summary>
    public static string Address(string mailbox)
    {
        var start = mailbox.LastIndexOf('<') + 1;
        var end = mailbox.LastIndexOf('>');
        return (start > 0 && end > start ? mailbox[start..end] : mailbox).Trim().ToLowerInvariant();
    }
}
