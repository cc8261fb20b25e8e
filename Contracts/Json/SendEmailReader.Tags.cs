using System.Text.Json;
using Contracts.Validation;

namespace Contracts.Json;

internal sealed partial class SendEmailReader
{
    private const string NoTagField = $"is not a field of a tag; one has {MailTagFields.Name} and {MailTagFields.Value}";

    private List<MailTag> Tags(string path, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            WrongType(path, "a list of tags", value);
            return [];
        }

        if (IsTooLong(path, value.GetArrayLength(), SendEmailLimits.Tags))
            return [];

        var tags = value.EnumerateArray().Select((item, index) => Tag($"{path}[{index}]", item)).OfType<MailTag>().ToList();
        return _errors is not null ? [] : tags;
    }

    private MailTag? Tag(string path, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
            return Text(path, value) is { } text ? new MailTag(text) : null;
        if (value.ValueKind != JsonValueKind.Object)
        {
            WrongType(path, $"a text, or an object with {MailTagFields.Name} and {MailTagFields.Value}", value);
            return null;
        }

        var fields = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var field in value.EnumerateObject())
        {
            var name = NameOf(field);
            if (name is not (MailTagFields.Name or MailTagFields.Value))
                Refuse($"{path}.{name}", ValidationCodes.UnknownField, NoTagField);
            else if (!fields.TryAdd(name, field.Value.ValueKind == JsonValueKind.Null ? null : Text($"{path}.{name}", field.Value)))
                Refuse($"{path}.{name}", ValidationCodes.DuplicateField, "is given twice; give it once");
        }

        if (fields.GetValueOrDefault(MailTagFields.Name) is { } tag)
            return new MailTag(tag, fields.GetValueOrDefault(MailTagFields.Value));
        if (_errors is null)
            Refuse($"{path}.{MailTagFields.Name}", ValidationCodes.Required, "is required");
        return null;
    }
}
