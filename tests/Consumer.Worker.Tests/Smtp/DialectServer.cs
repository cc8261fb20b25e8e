using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>A mail server that offers what a test says, takes everything from one client, and writes down the commands.</summary>
internal sealed class DialectServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<string> _commands = [];
    private readonly Task _served;

    public DialectServer(params string[] extensions)
    {
        _listener.Start();
        _served = ServeAsync(extensions);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What the client said, once it has gone.</summary>
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

    private async Task ServeAsync(string[] extensions)
    {
        using var client = await _listener.AcceptTcpClientAsync();
        // Latin1: a character is an octet.
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        await using var writer = new StreamWriter(client.GetStream(), Encoding.Latin1) { AutoFlush = true, NewLine = "\r\n" };
        await writer.WriteLineAsync("220 dialect");
        while (await reader.ReadLineAsync() is { } command)
        {
            _commands.Add(command);
            await writer.WriteLineAsync(await AnswerAsync(command.Split(' '), extensions, reader, writer));
        }
    }

    private static async Task<string> AnswerAsync(string[] command, string[] extensions, StreamReader reader, StreamWriter writer)
    {
        switch (command[0])
        {
            case "EHLO":
                return string.Join("\r\n", [.. extensions.Select(extension => $"250-{extension}"), "250 HELP"]);
            case "BDAT":
                await reader.ReadBlockAsync(new char[int.Parse(command[1], CultureInfo.InvariantCulture)]);
                return "250 Ok";
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
