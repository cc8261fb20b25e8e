using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>A mail server that offers what a test says, takes everything from one client at a time, and writes down the commands.</summary>
internal sealed class DialectServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<string> _commands = [];
    private readonly Task _served;

    /// <summary>Begins to serve.</summary>
    /// <param name="extensions">The reply to EHLO.</param>
    /// <param name="bdat">The reply to BDAT, once its octets are read.</param>
    /// <param name="clients">How many come, one after the other.</param>
    public DialectServer(string[] extensions, string bdat = "250 Ok", int clients = 1)
    {
        _listener.Start();
        _served = ServeAsync(extensions, bdat, clients);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What the clients said, once all have gone.</summary>
    public async Task<IReadOnlyList<string>> CommandsAsync()
    {
        await _served;
        return _commands;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        try
        {
            await _served;
        }
        catch (SocketException)
        {
            // Nobody came.
        }
    }

    private async Task ServeAsync(string[] extensions, string bdat, int clients)
    {
        for (var i = 0; i < clients; i++)
            await ServeOneAsync(extensions, bdat);
    }

    private async Task ServeOneAsync(string[] extensions, string bdat)
    {
        using var client = await _listener.AcceptTcpClientAsync();
        // Latin1: a character is an octet.
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        await using var writer = new StreamWriter(client.GetStream(), Encoding.Latin1) { AutoFlush = true, NewLine = "\r\n" };
        await writer.WriteLineAsync("220 dialect");
        while (await reader.ReadLineAsync() is { } command)
        {
            _commands.Add(command);
            await writer.WriteLineAsync(await ReplyAsync(command.Split(' '), extensions, bdat, reader, writer));
        }
    }

    private static async Task<string> ReplyAsync(string[] command, string[] extensions, string bdat, StreamReader reader, StreamWriter writer)
    {
        switch (command[0])
        {
            case "EHLO":
                return string.Join("\r\n", [.. extensions.Select(extension => $"250-{extension}"), "250 HELP"]);
            case "BDAT":
                await reader.ReadBlockAsync(new char[int.Parse(command[1], CultureInfo.InvariantCulture)]);
                return bdat;
            case "DATA":
                await writer.WriteLineAsync("354 Go on");
                while (await reader.ReadLineAsync() is not ("." or null))
                {
                }

                return "250 Ok";
            case "QUIT":
                return "221 Bye";
            default:
                return "250 Ok";
        }
    }
}
