using System.Text.Json;
using System.Text.Json.Serialization;

namespace Contracts.Json;

/// <summary>
/// Ties <see cref="SendEmail"/> to its reader and writer whatever the serializer's options are: MassTransit's ignore the case of
/// names and rename properties, ASP.NET's differ again, and the wire has one form.
/// </summary>
internal sealed class SendEmailConverter : JsonConverter<SendEmail>
{
    // A null must not read as the absence of a mail: it is refused like every other value that is not an object.
    public override bool HandleNull => true;

    public override SendEmail Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var root = JsonElement.ParseValue(ref reader);
        return root.ValueKind == JsonValueKind.Object
            ? SendEmailReader.Read(root)
            : throw new JsonException($"A mail is a JSON object; this is {JsonKinds.Describe(root)}.");
    }

    public override void Write(Utf8JsonWriter writer, SendEmail? value, JsonSerializerOptions options)
    {
        if (value is null)
            writer.WriteNullValue();
        else
            SendEmailWriter.Write(writer, value);
    }
}
