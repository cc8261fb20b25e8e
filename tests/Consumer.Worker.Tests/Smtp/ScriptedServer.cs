using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>What a session of <see cref="ScriptedServer"/> has come to.</summary>
internal sealed class ScriptedSession(int number)
{
    /// <summary>Which connection it is, from 1.</summary>
    public int Number => number;

    /// <summary>The recipients that were accepted in this transaction.</summary>
    public List<string> Recipients { get; } = [];
}

/// <summary>
/// A mail server that replies as a test says, to many clients at once, and writes down every command. What the test does not say it accepts; content
/// goes by DATA.
/// </summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    /// <summary>The command that stands for the end of the content.</summary>
    public const string EndOfData = ".";

    /// <summary>A reply that never comes.</summary>
    public const string Silence = "";

    /// <summary>No reply: the connection ends.</summary>
    public const string HangUp = "\0";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _commands = new();
    private readonly ConcurrentQueue<(string[] Recipients, string Content)> _mails = new();
    private readonly string[] _extensions;
    private readonly Task _accepting;

    /// <summary>Begins to serve.</summary>
    /// <param name="extensions">What EHLO offers, such as <c>AUTH PLAIN</c>.</param>
    public ScriptedServer(params string[] extensions)
    {
        _extensions = extensions;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public bool OffersLogin => Array.Exists(_extensions, extension => extension.StartsWith("AUTH", StringComparison.Ordinal));

    /// <summary>The reply to a command of a session; null: the usual one.</summary>
    public Func<ScriptedSession, string, string?> Reply { get; set; } = (_, _) => null;

    /// <summary>How many connections were taken.</summary>
    public int Connections { get; private set; }

    /// <summary>The mails that were taken, each with its recipients.</summary>
    public IReadOnlyList<(string[] Recipients, string Content)> Mails => [.. _mails];

    /// <summary>How many commands began so.</summary>
    public int Count(string command) => _commands.Count(said => said.StartsWith(command, StringComparison.OrdinalIgnoreCase));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var sessions = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                sessions.Add(ServeAsync(client, new ScriptedSession(++Connections)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }

        await Task.WhenAll(sessions);
    }

    private async Task ServeAsync(TcpClient client, ScriptedSession session)
    {
        using (client)
        {
            try
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
                await using var writer = new StreamWriter(client.GetStream(), Encoding.Latin1) { AutoFlush = true, NewLine = "\r\n" };
                await writer.WriteLineAsync(Reply(session, "") ?? "220 scripted");
                while (await reader.ReadLineAsync(_stop.Token) is { } command)
                {
                    _commands.Enqueue(command);
                    var reply = await ReplyAsync(session, command, reader, writer);
                    if (reply == HangUp)
                        return;
                    if (reply == Silence)
                        await Task.Delay(Timeout.Infinite, _stop.Token);
                    await writer.WriteLineAsync(reply);
                    if (reply.StartsWith("221", StringComparison.Ordinal) || reply.StartsWith("421", StringComparison.Ordinal))
                        return;
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The client has gone, or the test is over.
            }
        }
    }

    private async Task<string> ReplyAsync(ScriptedSession session, string command, StreamReader reader, StreamWriter writer)
    {
        var scripted = Reply(session, command);
        switch (command.Split(' ')[0].ToUpperInvariant())
        {
            case "EHLO":
                return scripted ?? string.Join("\r\n", [.. _extensions.Prepend("scripted").Select(line => $"250-{line}"), "250 HELP"]);
            case "AUTH":
                return scripted ?? "235 2.7.0 Ok";
            case "MAIL" or "RSET":
                session.Recipients.Clear();
                return scripted ?? "250 2.1.0 Ok";
            case "RCPT":
                if (scripted is null)
                    session.Recipients.Add(Address(command));
                return scripted ?? "250 2.1.5 Ok";
            case "DATA" when scripted is null:
                await writer.WriteLineAsync("354 Go on");
                return await TakeAsync(session, reader);
            case "QUIT":
                return "221 Bye";
            default:
                return scripted ?? "250 Ok";
        }
    }

    private async Task<string> TakeAsync(ScriptedSession session, StreamReader reader)
    {
        var content = new StringBuilder();
        while (await reader.ReadLineAsync(_stop.Token) is { } line and not ".")
            content.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
        if (Reply(session, EndOfData) is { } refused)
            return refused;
        _mails.Enqueue(([.. session.Recipients], content.ToString()));
        return "250 2.0.0 Ok";
    }

    private static string Address(string command) => command[(command.IndexOf('<', StringComparison.Ordinal) + 1)..command.IndexOf('>', StringComparison.Ordinal)];
}
