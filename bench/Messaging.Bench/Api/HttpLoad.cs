using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Messaging.Bench.Api;

/// <summary>
/// Sends requests over some connections, each the next one once its response is there, and times them. It writes ready-made bytes and looks
/// for the end of a response alone: as little as a client can do, and the same for each server.
/// </summary>
internal sealed class HttpLoad(int port, int connections, ApiRequests requests)
{
    private const int LargestResponse = 64 * 1024;

    private readonly Guid _run = Guid.NewGuid();
    private int _next = -1;

    /// <summary>Sends so many requests, the first connections' after one another.</summary>
    /// <param name="count">How many.</param>
    /// <param name="answered">Called after each.</param>
    /// <returns>How long each took, in ticks of <see cref="Stopwatch"/>, sorted.</returns>
    public async Task<long[]> RunAsync(int count, Action? answered = null)
    {
        var times = new long[count];
        _next = -1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(connections, count)).Select(_ => Task.Run(() => SendAsync(times, answered))));
        Array.Sort(times);
        return times;
    }

    private async Task SendAsync(long[] times, Action? answered)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await using var stream = new NetworkStream(socket);
        var buffer = new byte[LargestResponse];
        for (var i = Interlocked.Increment(ref _next); i < times.Length; i = Interlocked.Increment(ref _next))
        {
            var request = requests.Of(i, _run);
            var began = Stopwatch.GetTimestamp();
            await stream.WriteAsync(request);
            await ReadAsync(stream, buffer);
            times[i] = Stopwatch.GetTimestamp() - began;
            answered?.Invoke();
        }
    }

    private static async Task ReadAsync(NetworkStream stream, byte[] buffer)
    {
        var used = 0;
        do
        {
            var read = await stream.ReadAsync(buffer.AsMemory(used));
            if (read == 0)
                throw new InvalidOperationException("The server closed the connection.");
            used += read;
        }
        while (!IsWhole(buffer.AsSpan(0, used)));
        if (!buffer.AsSpan(0, used).StartsWith("HTTP/1.1 202"u8))
            throw new InvalidOperationException($"The server did not accept: {Encoding.UTF8.GetString(buffer, 0, used)}");
    }

    private static bool IsWhole(ReadOnlySpan<byte> response)
    {
        var end = response.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return false;
        var at = response[..end].IndexOf("Content-Length: "u8);
        if (at < 0)
            return response.EndsWith("\r\n0\r\n\r\n"u8);
        return Utf8Parser.TryParse(response[(at + "Content-Length: "u8.Length)..], out int length, out _) && response.Length >= end + 4 + length;
    }
}
