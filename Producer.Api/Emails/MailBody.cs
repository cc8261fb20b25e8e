using System.Runtime.InteropServices;
using System.Text.Json;
using Contracts;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Producer.Api.Problems;
using Producer.Api.Requests;

namespace Producer.Api.Emails;

/// <summary>A mail read from a request: either valid, and small enough for the topic, or a problem.</summary>
internal sealed record MailBody(SendEmail? Mail, ProblemHttpResult? Problem)
{
    // What canonical JSON adds at most: a character of one byte may be escaped by six, and a time that counts from now is written out.
    private const int MostBytesOfOne = 6;
    private const int MostBytesMore = 1_024;

    private byte[]? _canonical;

    /// <summary>The bytes that a valid mail has in the topic; written when they are first asked for.</summary>
    public byte[] Canonical => _canonical ??= SendEmailJson.Serialize(Mail!);

    /// <summary>Reads and validates the body of a request that came at <paramref name="now"/>.</summary>
    public static async ValueTask<MailBody> ReadAsync(HttpRequest request, int maxBytes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (bytes, problem) = await JsonBody.ReadAsync(request, maxBytes, cancellationToken);
        if (problem is not null)
            return Refused(problem);
        if (bytes is null)
            return TooLarge(maxBytes, "The body");

        try
        {
            using var document = JsonDocument.Parse(bytes);
            return Of(document.RootElement, maxBytes, now, cancellationToken);
        }
        catch (JsonException exception)
        {
            return Refused(JsonBody.Explain(exception));
        }
    }

    /// <summary>Validates a mail that came at <paramref name="now"/>.</summary>
    /// <exception cref="JsonException">It is not a JSON object.</exception>
    public static MailBody Of(JsonElement json, int maxBytes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var mail = SendEmailJson.ReadPosted(json);

        // Each step takes a time that is linear in the body; nobody waits for what a caller who went away would have been told.
        cancellationToken.ThrowIfCancellationRequested();
        if (SendEmailValidator.Validate(mail, now) is { Count: > 0 } errors)
            return Refused(ProblemTypes.ValidationFailed.Because(
                string.Join("; ", errors.Take(3)) + (errors.Count > 3 ? $"; and {errors.Count - 3} more." : "."),
                ("errors", errors.Select(error => new FieldError(error.Path, error.Code, error.Message)).ToArray())));

        cancellationToken.ThrowIfCancellationRequested();
        var body = new MailBody(mail, Problem: null);
        return JsonMarshal.GetRawUtf8Value(json).Length * (long)MostBytesOfOne + MostBytesMore > maxBytes && body.Canonical.Length > maxBytes
            ? TooLarge(maxBytes, "The mail, as written to Kafka,")
            : body;
    }

    private static MailBody TooLarge(int maxBytes, string what) =>
        Refused(ProblemTypes.TooLarge.Because($"{what} has more than {maxBytes} bytes, which is the limit (Api:MaxMailBytes).", (ProblemResults.LimitMember, maxBytes)));

    private static MailBody Refused(ProblemHttpResult problem) => new(Mail: null, problem);
}

/// <summary>One field of a mail that is not valid.</summary>
/// <param name="Field">Where it is in the JSON, such as <c>to[1]</c>.</param>
/// <param name="Code">A stable code.</param>
/// <param name="Message">What is wrong and what is allowed, to follow the field's name.</param>
internal sealed record FieldError(string Field, string Code, string Message);
