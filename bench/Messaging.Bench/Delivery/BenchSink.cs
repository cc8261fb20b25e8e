using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Messaging.Bench.Delivery;

/// <summary>
/// An SMTP server that takes every mail and forgets it, with as little work as that takes, so that what is measured are its clients.
/// Answers what came together (PIPELINING) together, after its latency.
/// </summary>
internal sealed class BenchSink : IAsyncDisposable
{
    private static readonly byte[] Greeting = "220 bench ESMTP\r\n"u8.ToArray();
    private static readonly byte[] Capabilities = "250-bench\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n"u8.ToArray();
    private static readonly byte[] Ok = "250 2.0.0 Ok\r\n"u8.ToArray();
    private static readonly byte[] Go = "354 Go on\r\n"u8.ToArray();
    private static readonly byte[] ContentEnd = "\r\n.\r\n"u8.ToArray();
    private static readonly byte[] Bye = "221 2.0.0 Bye\r\n"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TimeSpan _latency;
    private readonly Task _accepting;

    public BenchSink(TimeSpan latency)
    {
        _latency = latency;
        _listener.Start(512);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                socket.NoDelay = true;
                await socket.SendAsync(Greeting);
                await new Session(socket, _latency).RunAsync();
            }
            catch (SocketException)
            {
                // The client went away; a process that is measured ends as it likes.
            }
        }
    }

    private sealed class Session(Socket socket, TimeSpan latency)
    {
        private readonly byte[] _buffer = new byte[1 << 16];
        private readonly ArrayBufferWriter<byte> _replies = new();
        private int _filled;
        private bool _inData;
        private bool _inChunk;
        private long _chunkLeft;
        private bool _over;

        public async Task RunAsync()
        {
            while (!_over)
            {
                var read = await socket.ReceiveAsync(_buffer.AsMemory(_filled));
                if (read == 0)
                    return;
                _filled += read;
                Answer();
                if (_replies.WrittenCount == 0)
                    continue;
                if (latency > TimeSpan.Zero)
                    await Task.Delay(latency);
                await socket.SendAsync(_replies.WrittenMemory);
                _replies.ResetWrittenCount();
            }
        }

        /// <summary>Works off whole lines, whole contents and what came of a chunk; what is left over waits for more.</summary>
        private void Answer()
        {
            var rest = _buffer.AsSpan(0, _filled);
            while (Take(ref rest) is { } reply)
                _replies.Write(reply);

            // Of a content no more is kept than its end may begin with, so that it may be longer than the buffer.
            if (_inData && rest.Length >= ContentEnd.Length)
                rest = rest[^(ContentEnd.Length - 1)..];
            rest.CopyTo(_buffer);
            _filled = rest.Length;
        }

        /// <summary>Takes a line, a content or a chunk off what came, and gives the reply to it; null where it is not whole.</summary>
        private byte[]? Take(ref Span<byte> rest)
        {
            if (_inChunk)
                return Chunk(ref rest);
            var end = _inData ? rest.IndexOf(ContentEnd) : rest.IndexOf("\r\n"u8);
            if (end < 0)
                return null;

            var taken = rest[..end];
            rest = rest[(end + (_inData ? ContentEnd.Length : 2))..];
            if (!_inData)
                return Command(taken);
            _inData = false;
            return Ok;
        }

        /// <summary>Octets of BDAT are counted and not kept, so that they may be more than the buffer holds.</summary>
        private byte[]? Chunk(ref Span<byte> rest)
        {
            var taken = (int)Math.Min(_chunkLeft, rest.Length);
            rest = rest[taken..];
            _chunkLeft -= taken;
            _inChunk = _chunkLeft > 0;
            return _inChunk ? null : Ok;
        }

        private byte[] Command(ReadOnlySpan<byte> line)
        {
            if (Is(line, "EHLO"u8))
                return Capabilities;
            if (Is(line, "BDAT"u8) && line.Length > 5 && Utf8Parser.TryParse(line[5..], out _chunkLeft, out _))
            {
                // Answered after its octets.
                _inChunk = true;
                return [];
            }

            _inData = Is(line, "DATA"u8);
            _over = Is(line, "QUIT"u8);
            return _inData ? Go : _over ? Bye : Ok;
        }

        private static bool Is(ReadOnlySpan<byte> line, ReadOnlySpan<byte> verb) => Ascii.EqualsIgnoreCase(line[..Math.Min(4, line.Length)], verb);
    }
}
