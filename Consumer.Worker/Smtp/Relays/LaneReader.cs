using System.Text.Json;
using Consumer.Worker.Sending;
using Contracts;

namespace Consumer.Worker.Smtp.Relays;

/// <summary>
/// Reads of a record's value by which relay its mail goes, and nothing else: for the lane that it waits in, on the thread that reads
/// records. Which relay it really goes by is decided with the whole mail at hand.
/// </summary>
internal sealed class LaneReader(SmtpRelays relays)
{
    /// <summary>The lane; null where the value does not tell.</summary>
    /// <exception cref="JsonException">The value is not JSON.</exception>
    public string? Read(byte[]? value)
    {
        var reader = new Utf8JsonReader(value);
        if (value is null || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return null;
        string? sender = null;
        IReadOnlyList<MailTag> tags = [];
        while ((relays.ByTag || sender is null) && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isFrom = reader.ValueTextEquals(SendEmailFields.From);
            var isTags = reader.ValueTextEquals(SendEmailFields.Tags);
            reader.Read();
            if (isFrom && reader.TokenType == JsonTokenType.String)
                sender = SenderReader.Address(reader.GetString()!);
            else if (isTags && reader.TokenType == JsonTokenType.StartArray)
                tags = JsonSerializer.Deserialize<IReadOnlyList<MailTag>>(ref reader, SendEmailJson.Options) ?? [];
            else
                reader.Skip();
        }

        return sender is null ? null : relays.RouteOf(sender, tags).Name;
    }
}
