using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Testing;

/// <summary>A request that has not been answered.</summary>
/// <param name="Api">What it asks for.</param>
/// <param name="Version">The request's version.</param>
/// <param name="CorrelationId">Its number on its connection.</param>
/// <param name="ClientId">Who asks.</param>
internal sealed record KafkaRequest(KafkaApi Api, short Version, int CorrelationId, string? ClientId);

/// <summary>The port of a proxy that stands for one broker, and the connections through it.</summary>
internal sealed class ProxyListener(KafkaProxy proxy, string host, int port) : IDisposable
{
    private readonly ConcurrentDictionary<Connection, byte> _connections = [];
    private readonly Lock _lock = new();
    private TcpListener? _listener;

    /// <summary>The port; it stays the same.</summary>
    public int Port { get; } = Ports.Free();

    /// <summary>How many connections there are.</summary>
    public int Connections => _connections.Count;

    /// <summary>Takes connections.</summary>
    public void Open()
    {
        lock (_lock)
        {
            if (_listener is not null)
                return;
            _listener = new TcpListener(IPAddress.Loopback, Port);
            _listener.Start();
            _ = AcceptAsync(_listener);
        }
    }

    /// <summary>Takes no connections any more, and ends those that are there.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _listener?.Stop();
            _listener = null;
        }

        Drop();
    }

    /// <summary>Ends the connections.</summary>
    public void Drop()
    {
        foreach (var connection in _connections.Keys)
            connection.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptSocketAsync();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The listener was stopped.
                return;
            }

            var connection = new Connection(proxy, client);
            _connections.TryAdd(connection, 0);
            _ = RunAsync(connection);
        }
    }

    private async Task RunAsync(Connection connection)
    {
        try
        {
            if (proxy.IsOpen)
                await connection.RunAsync(host, port);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One of the ends has ended the connection, which ends the other.
        }
        finally
        {
            connection.Dispose();
            _connections.TryRemove(connection, out _);
        }
    }

    /// <summary>A client's connection and the one to its broker.</summary>
    private sealed class Connection(KafkaProxy proxy, Socket client) : IDisposable
    {
        private readonly Socket _broker = new(SocketType.Stream, ProtocolType.Tcp);
        private readonly ConcurrentDictionary<int, KafkaRequest> _asked = [];

        public async Task RunAsync(string host, int port)
        {
            await _broker.ConnectAsync(host, port);
            client.NoDelay = _broker.NoDelay = true;
            await using var fromClient = new NetworkStream(client);
            await using var fromBroker = new NetworkStream(_broker);
            await await Task.WhenAny(AskAsync(fromClient, fromBroker), AnswerAsync(fromBroker, fromClient));
        }

        public void Dispose()
        {
            client.Dispose();
            _broker.Dispose();
        }

        private async Task AskAsync(NetworkStream from, NetworkStream to)
        {
            while (await FrameAsync(from) is { } request)
            {
                if (Parse(request) is { } asked)
                    _asked[asked.CorrelationId] = asked;
                await SendAsync(to, request);
            }
        }

        private async Task AnswerAsync(NetworkStream from, NetworkStream to)
        {
            while (await FrameAsync(from) is { } response)
            {
                Action? behind = null;
                if (response.Length >= 4 && _asked.TryRemove(BinaryPrimitives.ReadInt32BigEndian(response), out var asked))
                    (response, behind) = await proxy.AnswerAsync(asked, response);
                await SendAsync(to, response);
                if (behind is null)
                    continue;
                behind();
                return;
            }
        }

        private static async Task<byte[]?> FrameAsync(NetworkStream from)
        {
            var length = new byte[4];
            if (await from.ReadAtLeastAsync(length, 4, throwOnEndOfStream: false) < 4)
                return null;
            var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
            await from.ReadExactlyAsync(frame);
            return frame;
        }

        private static async Task SendAsync(NetworkStream to, byte[] frame)
        {
            var bytes = new byte[4 + frame.Length];
            BinaryPrimitives.WriteInt32BigEndian(bytes, frame.Length);
            frame.CopyTo(bytes, 4);
            await to.WriteAsync(bytes);
        }

        /// <summary>A request's header, the same in all its versions up to here.</summary>
        private static KafkaRequest? Parse(byte[] request)
        {
            if (request.Length < 10)
                return null;
            var (api, version, correlationId, clientId) = (
                BinaryPrimitives.ReadInt16BigEndian(request), BinaryPrimitives.ReadInt16BigEndian(request.AsSpan(2)),
                BinaryPrimitives.ReadInt32BigEndian(request.AsSpan(4)), BinaryPrimitives.ReadInt16BigEndian(request.AsSpan(8)));
            return new KafkaRequest((KafkaApi)api, version, correlationId, clientId < 0 ? null : Encoding.UTF8.GetString(request, 10, clientId));
        }
    }
}
