using System.Net.Mime;
using System.Text.Json;
using Contracts;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Producer.Api.Problems;

namespace Producer.Api.Emails;

/// <summary>A mail read from a request: either valid, with the bytes it will have in the topic, or a problem.</summary>
internal sealed record MailBody(SendEmail? Mail, byte[]? Canonical, ProblemHttpResult? Problem)
{
    /// <summary>Reads and validates the body of a request that came at <paramref name="now"/>.</summary>
    public static async Task<MailBody> ReadAsync(HttpRequest request, int maxBytes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!IsJson(request.ContentType))
            return Refused(ProblemTypes.UnsupportedMediaType.Because(
                $"Content-Type is {(string.IsNullOrEmpty(request.ContentType) ? "not given" : $"'{request.ContentType}'")}; application/json in UTF-8 is expected."));

        if (await BytesOf(request, maxBytes, cancellationToken) is not { } bytes)
            return TooLarge(maxBytes, "The body");

        SendEmail mail;
        try
        {
            mail = SendEmailJson.Deserialize(bytes);
        }
        catch (JsonException exception)
        {
            return Refused(ProblemTypes.InvalidJson.Because(
                Plain(exception), ("line", exception.LineNumber + 1), ("position", exception.BytePositionInLine + 1)));
        }

        if (SendEmailValidator.Validate(mail, now) is { Count: > 0 } errors)
            return Refused(ProblemTypes.ValidationFailed.Because(
                string.Join("; ", errors.Take(3)) + (errors.Count > 3 ? $"; and {errors.Count - 3} more." : "."),
                ("errors", errors.Select(error => new FieldError(error.Path, error.Code, error.Message)).ToArray())));

        // Canonical JSON escapes characters beyond the basic plane, so that it can be larger than what was posted.
        var canonical = SendEmailJson.Serialize(mail);
        return canonical.Length > maxBytes ? TooLarge(maxBytes, "The mail, as written to Kafka,") : new MailBody(mail, canonical, Problem: null);
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase));

    private static async Task<byte[]?> BytesOf(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength > maxBytes)
            return null;

        // The server's own limit must not be reached before this one.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = maxBytes + 1L;

        // A chunked body has no length: it is measured while it is read.
        using var buffer = new MemoryStream((int)(request.ContentLength ?? 4_096));
        var chunk = new byte[16_384];
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

    private static MailBody TooLarge(int maxBytes, string what) =>
        Refused(ProblemTypes.TooLarge.Because($"{what} has more than {maxBytes} bytes, which is the limit (Api:MaxMailBytes).", (ProblemResults.LimitMember, maxBytes)));

    private static MailBody Refused(ProblemHttpResult problem) => new(Mail: null, Canonical: null, problem);
}

/// <summary>One field of a mail that is not valid.</summary>
/// <param name="Field">Where it is in the JSON, such as <c>to[1]</c>.</param>
/// <param name="Code">A stable code.</param>
/// <param name="Message">What is wrong and what is allowed, to follow the field's name.</param>
internal sealed record FieldError(string Field, string Code, string Message);
