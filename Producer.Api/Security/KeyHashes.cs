using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections.Features;
using Producer.Api.Keys;

namespace Producer.Api.Security;

/// <summary>
/// The hashes of keys as requests present them. A connection remembers the last one: callers keep their connections, and a hash takes as
/// long as the checks of a mail. The key's text stays in memory with it for as long as the connection, and no longer.
/// </summary>
internal static class KeyHashes
{
    private static readonly object Item = new();

    /// <summary>Writes SHA-256 of a key.</summary>
    public static void Write(HttpRequest request, string presented, Span<byte> hash)
    {
        // In HTTP/1.1 the requests of a connection follow one another; those of HTTP/2 share it.
        var items = HttpProtocol.IsHttp11(request.Protocol) ? request.HttpContext.Features.Get<IConnectionItemsFeature>()?.Items : null;
        if (items is not null && items.TryGetValue(Item, out var last) && last is Remembered remembered && remembered.Is(presented))
        {
            remembered.Hash.CopyTo(hash);
            return;
        }

        KeySecret.Hash(presented, hash);
        items?[Item] = new Remembered(presented, hash.ToArray());
    }

    private sealed record Remembered(string Text, byte[] Hash)
    {
        // Behind a proxy a connection may be that of several callers: none of them may learn by the time how much of another's key is right.
        public bool Is(string text) => CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(Text.AsSpan()), MemoryMarshal.AsBytes(text.AsSpan()));
    }
}
