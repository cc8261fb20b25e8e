using System.Text.Json.Nodes;
using Contracts;
using Contracts.Validation;

namespace Producer.Api.Failures;

/// <summary>Changes of a mail's JSON: applied as RFC 7396 says, and told for the audit.</summary>
internal static class MergePatch
{
    // Of one value in the audit.
    private const int MostShown = 1_000;

    /// <summary>The mail with the changes; of a record that could not be read the changes alone.</summary>
    public static JsonObject Apply(JsonObject? mail, JsonObject patch)
    {
        var merged = mail?.DeepClone().AsObject() ?? [];
        Merge(merged, patch);
        return merged;
    }

    /// <summary>The fields that differ, each with what it was and what it is; long values are cut, and of attachments the names are told.</summary>
    public static JsonObject Changes(JsonObject? before, JsonObject after)
    {
        var changes = new JsonObject();
        foreach (var name in (before ?? []).Select(field => field.Key).Union(after.Select(field => field.Key), StringComparer.Ordinal))
        {
            var (was, now) = (before?[name], after[name]);
            if (!JsonNode.DeepEquals(AsList(name, was), AsList(name, now)))
                changes[name] = new JsonObject { ["from"] = Shown(name, was), ["to"] = Shown(name, now) };
        }

        return changes;
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
                target.Remove(name);
            else if (value is JsonObject changes && target[name] is JsonObject inner)
                Merge(inner, changes);
            else
                target[name] = value.DeepClone();
        }
    }

    // One recipient may be posted as a text, and is a list of one in the record.
    private static JsonNode? AsList(string name, JsonNode? value) =>
        value is JsonValue && name is SendEmailFields.To or SendEmailFields.Cc or SendEmailFields.Bcc or SendEmailFields.ReplyTo ? new JsonArray(value.DeepClone()) : value;

    private static JsonNode? Shown(string name, JsonNode? value)
    {
        if (name == SendEmailFields.Attachments && value is JsonArray attachments)
            return new JsonArray([.. attachments.Select(attachment => (JsonNode?)(attachment as JsonObject)?[AttachmentFields.Filename]?.ToString())]);
        var text = value?.ToJsonString() ?? "";
        return text.Length <= MostShown ? value?.DeepClone() : Texts.Cut(text, MostShown);
    }
}
