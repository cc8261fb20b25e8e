using System.Text.Json;
using System.Text.Json.Nodes;

namespace Persistence.Text;

/// <summary>Makes any JSON one that a Postgres <c>jsonb</c> column takes.</summary>
internal static class PostgresJson
{
    /// <summary>
    /// Cleans names and texts by <see cref="PostgresText.Clean"/>, as jsonb refuses NUL even where it is escaped, and makes texts of numbers:
    /// jsonb refuses those past its own measure, and what is stored of a mail has none.
    /// </summary>
    public static JsonNode? Clean(JsonNode? json)
    {
        switch (json)
        {
            case JsonObject fields:
                var clean = new JsonObject();
                foreach (var (name, value) in fields)
                    clean[PostgresText.Clean(name)] = Clean(value);
                return clean;
            case JsonArray items:
                return new JsonArray([.. items.Select(Clean)]);
            case JsonValue when json.GetValueKind() is JsonValueKind.String or JsonValueKind.Number:
                return PostgresText.Clean(json.ToString());
            default:
                return json?.DeepClone();
        }
    }
}
