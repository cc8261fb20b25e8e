using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Producer.Api.Console;

/// <summary>The console's style sheet, script and sign: inside the assembly, and with their hash in the URL, so that browsers keep them.</summary>
internal static class ConsoleAssets
{
    private static readonly FrozenDictionary<string, Asset> All = new[]
    {
        Read("console.css", "text/css; charset=utf-8"), Read("console.js", "text/javascript; charset=utf-8"), Read("console.svg", "image/svg+xml"),
    }.ToFrozenDictionary(asset => asset.Name, StringComparer.Ordinal);

    /// <summary>Where a file is.</summary>
    public static string PathOf(string name) => All[name].Path;

    public static void Map(IEndpointRouteBuilder console) => console.MapGet("/assets/{name}", (string name, HttpContext context) =>
    {
        if (!All.TryGetValue(name, out var asset))
            return Results.NotFound();
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.Bytes(asset.Content, asset.Type, entityTag: new EntityTagHeaderValue($"\"{asset.Hash}\""));
    }).AllowAnonymous();

    private static Asset Read(string name, string type)
    {
        using var stream = typeof(ConsoleAssets).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The file {name} is not in the assembly: see EmbeddedResource in Producer.Api.csproj.");
        using var content = new MemoryStream();
        stream.CopyTo(content);
        var bytes = content.ToArray();
        return new Asset(name, type, bytes, Convert.ToHexStringLower(SHA256.HashData(bytes))[..12]);
    }

    private sealed record Asset(string Name, string Type, byte[] Content, string Hash)
    {
        public string Path => $"{ConsolePaths.Assets}/{Name}?v={Hash}";
    }
}
