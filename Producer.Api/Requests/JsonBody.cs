using System.Net.Mime;
using System.Text.Json;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Producer.Api.Problems;

namespace Producer.Api.Requests;

/// <summary>Reads the bytes of a JSON body, at most as many as are allowed, and explains what is in the way.</summary>
internal static class JsonBody
{
    private const int MostOfAHeader = 100;
    private const int ReadAtOnce = 64 * 1024;

    // A byte that is a chunk of its own takes six; a little more has no reason.
    private const int MostBytesOfOne = 8;

    /// <summary>The bytes; or a problem; or neither, where there are more than <paramref name="maxBytes"/>.</summary>
    public static async ValueTask<(byte[]? Bytes, ProblemHttpResult? Problem)> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (Encoding(request) is { } encoding)
        {
            // RFC 9110, section 12.5.3: what a server would have taken.
            request.HttpContext.Response.Headers.AcceptEncoding = "identity";
            return (null, ProblemTypes.UnsupportedContentEncoding.Because($"Content-Encoding is '{Texts.Cut(encoding, MostOfAHeader)}'; send the body uncompressed, without that header."));
        }

        if (!IsJson(request.ContentType))
            return (null, ProblemTypes.UnsupportedMediaType.Because(
                $"Content-Type is {(string.IsNullOrEmpty(request.ContentType) ? "not given" : $"'{Texts.Cut(request.ContentType, MostOfAHeader)}'")}; application/json in UTF-8 is expected."));

        try
        {
            var bytes = await BytesOf(request, maxBytes, cancellationToken);
            return bytes is [0xef, 0xbb, 0xbf, ..] or [0xff, 0xfe, ..] or [0xfe, 0xff, ..]
                ? (null, ProblemTypes.InvalidJson.Because(
                    "The body begins with a byte order mark; JSON is sent in UTF-8 without it (RFC 8259, section 8.1).", ("line", 1), ("position", 1)))
                : (bytes, null);
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return (null, null);
        }
        catch (IOException exception) when (exception is not BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } && !request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            // The server's word for chunks that are none, and for a body that breaks off.
            return (null, ProblemTypes.UnreadableBody.Because($"The body cannot be read: {Texts.Cut(exception.Message, MostOfAHeader)}"));
        }
    }

    /// <summary>The problem of a body that is not JSON.</summary>
    public static ProblemHttpResult Explain(JsonException exception) => ProblemTypes.InvalidJson.Because(
        Plain(exception), ("line", exception.LineNumber + 1), ("position", exception.BytePositionInLine + 1));

    private static string? Encoding(HttpRequest request) =>
        request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase) ? encoding : null;

    private static bool IsJson(string? contentType) =>
        contentType == MediaTypeNames.Application.Json
        || (MediaTypeHeaderValue.TryParse(contentType, out var type)
            && type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
            && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase)));

    private static async ValueTask<byte[]?> BytesOf(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength > maxBytes)
            return null;

        // A larger one takes as much memory as has come of it, whatever it says that it will have.
        if (request.ContentLength is { } length and <= ReadAtOnce)
        {
            var bytes = new byte[length];
            var count = await request.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
            return bytes.Length == count ? bytes : bytes[..count];
        }

        // The server's own limit, which counts the framing of chunks, must not be reached before this one.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MostBytesOfOne * (maxBytes + 1L);

        // So is one of unknown length, a chunked one, measured while it is read.
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (buffer.Length + read > maxBytes)
                return null;
            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    // System.Text.Json ends its messages with path, line and position, which have members of their own here.
    private static string Plain(JsonException exception)
    {
        var end = exception.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        end = end < 0 ? exception.Message.IndexOf(" LineNumber: ", StringComparison.Ordinal) : end;
        return end < 0 ? exception.Message : exception.Message[..end];
    }
}
