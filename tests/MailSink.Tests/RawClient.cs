using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailSink.Tests;

/// <summary>Speaks SMTP byte by byte, as no well-behaved client would.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan Deadline = Eventually.DefaultDeadline;

    private readonly TcpClient _client = new();
    private StreamReader _reader = StreamReader.Null;

    private RawClient()
    {
    }

    /// <summary>Connects without waiting for a greeting.</summary>
    public static async Task<RawClient> ConnectAsync(SmtpSink sink)
    {
        var raw = new RawClient();
        await raw._client.ConnectAsync(IPAddress.Loopback, sink.Port);
        raw._reader = new StreamReader(raw._client.GetStream(), Encoding.UTF8);
        return raw;
    }

    /// <summary>Connects, takes the greeting and says EHLO.</summary>
    public static async Task<RawClient> GreetedAsync(SmtpSink sink)
    {
        var raw = await ConnectAsync(sink);
        await raw.ReplyAsync();
        await raw.SayAsync("EHLO test.example");
        return raw;
    }

    /// <summary>Sends a line and gives the last line of the reply; null where the connection was closed instead.</summary>
    public async Task<string?> SayAsync(string line)
    {
        await SendAsync(line + "\r\n");
        return await ReplyAsync();
    }

    public async Task SendAsync(string bytes) => await _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(bytes));

    public async Task<string?> ReplyAsync()
    {
        while (true)
        {
            string? line;
            try
            {
                line = await _reader.ReadLineAsync().WaitAsync(Deadline);
            }
            catch (IOException)
            {
                return null;
            }

            if (line is not { Length: > 3 } || line[3] != '-')
                return line;
        }
    }

    /// <summary>Whether the next answer has not come yet.</summary>
    public bool HasNothingToRead => !_client.GetStream().DataAvailable;

    /// <summary>MAIL, RCPT and DATA, up to the 354.</summary>
    public async Task BeginMailAsync(string recipient = "b@example.com")
    {
        await AddressMailAsync(recipient);
        (await SayAsync("DATA"))!.ShouldStartWith("354");
    }

    /// <summary>MAIL and RCPT.</summary>
    public async Task AddressMailAsync(string recipient = "b@example.com")
    {
        (await SayAsync("MAIL FROM:<a@example.com>"))!.ShouldStartWith("250");
        (await SayAsync($"RCPT TO:<{recipient}>"))!.ShouldStartWith("250");
    }

    /// <summary>Sends a BDAT and its octets in one go.</summary>
    public async Task<string?> SayChunkAsync(string octets, bool last = false)
    {
        await SendAsync($"BDAT {Encoding.UTF8.GetByteCount(octets)}{(last ? " LAST" : "")}\r\n{octets}");
        return await ReplyAsync();
    }

    public void Dispose()
    {
        _reader.Dispose();
        _client.Dispose();
    }
}
