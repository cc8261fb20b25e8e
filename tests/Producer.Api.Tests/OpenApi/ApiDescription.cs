using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Json.Schema;

namespace Producer.Api.Tests.OpenApi;

/// <summary>The API's description, by which answers are validated (JSON Schema 2020-12).</summary>
internal sealed class ApiDescription
{
    private const string References = "#/components/schemas/";
    private const string Problem = "application/problem+json";

    private static readonly EvaluationOptions Options = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    private readonly JsonObject _document;
    private readonly JsonObject _schemas;
    private readonly (Regex Path, string Template)[] _paths;
    private readonly ConcurrentDictionary<string, JsonSchema> _built = new(StringComparer.Ordinal);

    /// <param name="text">The document.</param>
    public ApiDescription(string text)
    {
        _document = JsonNode.Parse(text.Replace(References, "#/$defs/", StringComparison.Ordinal))!.AsObject();
        _schemas = _document["components"]!["schemas"]!.AsObject();
        Close(_document);
        // Those with fewer parameters first: /emails/batch is not meant by /emails/{id}.
        _paths = [.. _document["paths"]!.AsObject().Select(path => path.Key).OrderBy(path => path.Count(c => c == '{')).Select(path => (PatternOf(path), path))];
    }

    /// <summary>What an answer has that is not described, or has not that is; null where it is as described.</summary>
    /// <param name="method">The request's method.</param>
    /// <param name="path">Its path.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="mediaType">Its media type; null where it has none.</param>
    /// <param name="body">Its body; null where that is not JSON.</param>
    public string? Explain(string method, string path, int status, string? mediaType, string? body)
    {
        if (OperationOf(method, path) is not { } operation)
            return mediaType == Problem ? Validate(Problem, new JsonObject { ["$ref"] = "#/$defs/Problem" }, body!) : null;
        if (operation["responses"]![$"{status}"] is not { } response)
            return "the status is not described";
        if (response["content"] is not JsonObject { Count: > 0 } content)
            return mediaType is null ? null : $"no content is described, and {mediaType} came";
        if (mediaType is null || content[mediaType] is not { } described)
            return $"{mediaType ?? "nothing"} came, where {string.Join(", ", content.Select(form => form.Key))} is described";
        return body is null ? null : Validate($"{operation.GetPath()} {status} {mediaType}", described["schema"]!, body);
    }

    private JsonNode? OperationOf(string method, string path) =>
        _paths.FirstOrDefault(known => known.Path.IsMatch(path)).Template is { } template ? _document["paths"]![template]![method.ToLowerInvariant()] : null;

    private string? Validate(string name, JsonNode described, string body)
    {
        var schema = _built.GetOrAdd(name, _ => Build(described));
        var results = schema.Evaluate(JsonElement.Parse(body), Options);
        return results.IsValid
            ? null
            : string.Join("; ", (results.Details ?? []).Where(detail => detail.Errors is not null).SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation} {error.Value}")));
    }

    private JsonSchema Build(JsonNode described)
    {
        var schema = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["allOf"] = new JsonArray(described.DeepClone()), ["$defs"] = _schemas.DeepClone() };
        return JsonSchema.FromText(schema.ToJsonString(), new BuildOptions { SchemaRegistry = new SchemaRegistry() });
    }

    // A member that no schema names is one that the description forgot.
    private static void Close(JsonNode? node)
    {
        if (node is JsonObject schema)
        {
            foreach (var (_, value) in schema)
                Close(value);
            if (schema["properties"] is JsonObject && schema["type"] is JsonValue && !schema.ContainsKey("additionalProperties"))
                schema["additionalProperties"] = false;
        }
        else if (node is JsonArray items)
        {
            foreach (var item in items)
                Close(item);
        }
    }

    private static Regex PatternOf(string template) =>
        new($"^{Regex.Replace(template, @"\{\w+\}", "[^/]+", RegexOptions.None, TimeSpan.FromSeconds(1))}/?$", RegexOptions.None, TimeSpan.FromSeconds(1));
}
