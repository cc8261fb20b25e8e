using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>Ports of the loopback.</summary>
public static class Ports
{
    /// <summary>A port that nothing listens on right now, for a server that cannot choose one by itself.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
