using System.Globalization;
using System.Text;

namespace Messaging.Bench.Api;

/// <summary>The requests of a row, as they go over the wire.</summary>
internal sealed class ApiRequests
{
    /// <summary>A mail each.</summary>
    public static readonly ApiRequests Post = new("/emails", Mail(), mails: 1, hasKey: false);

    /// <summary>A mail each, under an <c>Idempotency-Key</c> of its own.</summary>
    public static readonly ApiRequests PostWithKey = new("/emails", Mail(), mails: 1, hasKey: true);

    /// <summary>A hundred mails each.</summary>
    public static readonly ApiRequests Batch = new("/emails/batch", $"[{string.Join(',', Enumerable.Repeat(Mail(), MailsOfABatch))}]", MailsOfABatch, hasKey: false);

    private const int MailsOfABatch = 100;

    private readonly byte[] _bytes;
    private readonly string? _head;
    private readonly byte[] _body;

    private ApiRequests(string path, string body, int mails, bool hasKey)
    {
        Mails = mails;
        _body = Encoding.UTF8.GetBytes(body);
        var head = string.Create(CultureInfo.InvariantCulture,
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {ServerProcess.Key}\r\nContent-Type: application/json\r\nContent-Length: {_body.Length}\r\n");
        _head = hasKey ? head : null;
        _bytes = [.. Encoding.ASCII.GetBytes($"{head}\r\n"), .. _body];
    }

    /// <summary>How many mails a request has.</summary>
    public int Mails { get; }

    /// <summary>The request of a number; <paramref name="run"/> keeps the keys of runs apart.</summary>
    public byte[] Of(int number, Guid run) =>
        _head is null ? _bytes : [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_head}Idempotency-Key: {run}-{number}\r\n\r\n")), .. _body];

    private static string Mail() =>
        $$"""{"from":"noreply@shop.example.com","to":"customer@example.com","subject":"Your order 00001234","text":"{{string.Concat(Enumerable.Repeat("lorem ipsum ", 22))}}"}""";
}
