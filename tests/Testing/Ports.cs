using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>Ports of the loopback.</summary>
public static class Ports
{
    // Below what systems give to outgoing connections and to listeners that ask for any port (Linux from 32768, others from 49152):
    // none of those takes a port before its server listens, or while it is down.
    private const int First = 20_000;
    private const int End = 32_768;

    private static readonly string Marks = Path.Combine(TestRun.Directory, "ports");

    /// <summary>
    /// A port that nothing listens on, for a server that cannot choose one by itself or that keeps its own when it is started again.
    /// No process of the run is given it twice.
    /// </summary>
    public static int Free()
    {
        Directory.CreateDirectory(Marks);
        return Enumerable.Range(First, End - First).Shuffle().First(port => Take(port) && IsUnused(port));
    }

    private static bool Take(int port)
    {
        var mark = Path.Combine(Marks, port.ToString(CultureInfo.InvariantCulture));
        try
        {
            new FileStream(mark, FileMode.CreateNew).Dispose();
            return true;
        }
        catch (IOException) when (File.Exists(mark))
        {
            return false;
        }
    }

    private static bool IsUnused(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }
}
