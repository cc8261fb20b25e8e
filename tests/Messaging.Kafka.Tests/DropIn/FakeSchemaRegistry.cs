using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Testing;

namespace Messaging.Kafka.Tests.DropIn;

/// <summary>As much of Confluent's schema registry, over HTTP, as its serializers ask for: schemas are registered, and found by id.</summary>
internal sealed class FakeSchemaRegistry : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly List<JsonObject> _schemas = [];
    private volatile bool _away;

    public FakeSchemaRegistry()
    {
        Url = $"http://127.0.0.1:{Ports.Free()}";
        _listener.Prefixes.Add(Url + "/");
        _listener.Start();
        _ = Serve();
    }

    public string Url { get; }

    /// <summary>The subjects under which schemas were registered, in their order.</summary>
    public IEnumerable<string> Subjects
    {
        get
        {
            lock (_schemas)
                return [.. _schemas.Select(schema => (string)schema["subject"]!)];
        }
    }

    /// <summary>While it is away every question is answered with 503.</summary>
    public bool IsAway
    {
        set => _away = value;
    }

    public void Dispose() => _listener.Close();

    private async Task Serve()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                // Closed.
                return;
            }

            var answer = _away ? null : await Answer(context.Request);
            context.Response.StatusCode = _away ? 503 : answer is null ? 404 : 200;
            context.Response.ContentType = "application/vnd.schemaregistry.v1+json";
            await context.Response.OutputStream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(answer ?? new JsonObject { ["error_code"] = 40401, ["message"] = "not found" }));
            context.Response.Close();
        }
    }

    private async Task<JsonNode?> Answer(HttpListenerRequest request)
    {
        var path = request.Url!.AbsolutePath.Trim('/').Split('/');
        switch (request.HttpMethod, path)
        {
            case ("POST", ["subjects", var subject, "versions"]):
                var schema = (JsonObject)(await JsonNode.ParseAsync(request.InputStream))!;
                lock (_schemas)
                    return Register(Uri.UnescapeDataString(subject), schema).DeepClone();
            case ("GET", ["schemas", "ids", var id]):
                lock (_schemas)
                    return _schemas.Find(known => known["id"]!.ToString() == id)?.DeepClone();
            default:
                return null;
        }
    }

    private JsonObject Register(string subject, JsonObject schema)
    {
        var known = _schemas.Find(other => (string)other["subject"]! == subject && JsonNode.DeepEquals(other["schema"], schema["schema"]));
        if (known is not null)
            return known;
        schema["subject"] = subject;
        (schema["id"], schema["version"]) = (_schemas.Count + 1, 1);
        _schemas.Add(schema);
        return schema;
    }
}
