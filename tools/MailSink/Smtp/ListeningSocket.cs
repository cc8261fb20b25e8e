using System.Net;
using System.Net.Sockets;

namespace MailSink.Smtp;

/// <summary>
/// The socket that takes connections. While paused its port stays bound but does not listen: clients are refused at once,
/// and no other program gets the port.
/// </summary>
internal sealed class ListeningSocket : IDisposable
{
    private const int Backlog = 512;

    private readonly IPEndPoint _endPoint;
    private volatile Socket _socket;

    /// <exception cref="SinkStartException">The address cannot be listened on.</exception>
    public ListeningSocket(IPEndPoint endPoint)
    {
        try
        {
            _socket = Bind(endPoint);
            _socket.Listen(Backlog);
            _endPoint = (IPEndPoint)_socket.LocalEndPoint!;
        }
        catch (SocketException exception)
        {
            throw new SinkStartException(
                $"SMTP cannot listen on {endPoint}: {exception.Message}. Stop what uses that port, or set Sink:SmtpPort (Sink__SmtpPort) to another, 0 for any free one.",
                exception);
        }
    }

    public int Port => _endPoint.Port;

    public bool IsListening { get; private set; } = true;

    /// <summary>The socket to accept from; another one after each <see cref="Pause"/>.</summary>
    public Socket Socket => _socket;

    public void Pause()
    {
        _socket.Dispose();
        IsListening = false;
        _socket = Bind(_endPoint);
    }

    public void Resume()
    {
        _socket.Listen(Backlog);
        IsListening = true;
    }

    public void Dispose() => _socket.Dispose();

    private static Socket Bind(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endPoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
