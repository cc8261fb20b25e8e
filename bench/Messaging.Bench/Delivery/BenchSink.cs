using System.Buffers;
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
    private static readonly byte[] Capabilities = "250-bench\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n"u8.ToArray();
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
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
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

        /// <summary>Works off whole lines and whole contents; what is left over waits for more.</summary>
        private void Answer()
        {
            var rest = _buffer.AsSpan(0, _filled);
            for (var end = End(rest); end >= 0; end = End(rest))
            {
                var after = rest[(end + (_inData ? ContentEnd.Length : 2))..];
                _replies.Write(_inData ? Content() : Command(rest[..end]));
                rest = after;
            }

            // Of a content no more is kept than its end may begin with, so that it may be longer than the buffer.
            if (_inData && rest.Length >= ContentEnd.Length)
                rest = rest[^(ContentEnd.Length - 1)..];
            rest.CopyTo(_buffer);
            _filled = rest.Length;
        }

        private int End(ReadOnlySpan<byte> rest) => _inData ? rest.IndexOf(ContentEnd) : rest.IndexOf("\r\n"u8);

        private byte[] Content()
        {
            _inData = false;
            return Ok;
        }

        private byte[] Command(ReadOnlySpan<byte> line)
        {
            if (Is(line, "EHLO"u8))
                return Capabilities;
            _inData = Is(line, "DATA"u8);
            _over = Is(line, "QUIT"u8);
            return _inData ? Go : _over ? Bye : Ok;
        }

        private static bool Is(ReadOnlySpan<byte> line, ReadOnlySpan<byte> verb) => Ascii.EqualsIgnoreCase(line[..Math.Min(4, line.Length)], verb);
    }
}
