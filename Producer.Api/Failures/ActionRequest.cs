using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Failures;

/// <summary>What to write down about a replay or a discard.</summary>
/// <param name="Reason">Why: up to 1,000 characters. Required to discard.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ActionRequest(string? Reason)
{
    private const int MaxReasonLength = 1_000;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Strict) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, RespectRequiredConstructorParameters = false };

    /// <summary>A reason of <see cref="MaxReasonLength"/> characters, each as an escaped surrogate pair, and room for white space.</summary>
    private const int MaxBytes = 16_384;

    /// <summary>Reads the body, which may be left out; the problem where it is not valid.</summary>
    public static async Task<(ActionRequest? Request, ProblemHttpResult? Problem)> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
            return (null, null);

        var (bytes, problem) = await JsonBody.ReadAsync(context.Request, MaxBytes, cancellationToken);
        if (problem is not null)
            return (null, problem);
        if (bytes is null)
            return (null, ProblemTypes.TooLarge.Because($"The body has more than {MaxBytes} bytes; a reason has at most {MaxReasonLength} characters.", (ProblemResults.LimitMember, MaxBytes)));
        if (bytes.Length == 0)
            return (null, null);

        try
        {
            using var document = JsonDocument.Parse(bytes);
            return (document.Deserialize<ActionRequest>(Options), null);
        }
        catch (JsonException exception) when (exception.Path is null)
        {
            return (null, JsonBody.Explain(exception));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return (null, ProblemTypes.InvalidRequest.Because("The body is not {\"reason\": \"…\"} with a text of Unicode characters."));
        }
    }

    /// <summary>Reads who does what and why; false, with the problem, where a part is not valid.</summary>
    public static bool TryRead(
        string id, ActionRequest? request, Actor actor, bool reasonRequired,
        [NotNullWhen(true)] out RequestedAction? action, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        (action, problem) = (null, null);
        var reason = request?.Reason?.Trim();
        if (!Guid.TryParseExact(id, "D", out var failureId))
            problem = GetFailure.NotFound(id);
        else if (!actor.TryRead(out var name, out problem))
            return false;
        else if (reasonRequired && string.IsNullOrEmpty(reason))
            problem = ProblemTypes.InvalidRequest.Because("Say why, for those who look later: {\"reason\": \"…\"}.");
        else if (reason?.Length > MaxReasonLength)
            problem = ProblemTypes.InvalidRequest.Because($"The reason has {reason.Length} characters; at most {MaxReasonLength} are allowed.");
        else if (reason is not null && !Texts.IsUnicode(reason) || reason?.Contains('\0', StringComparison.Ordinal) == true)
            problem = ProblemTypes.InvalidRequest.Because("The reason holds a character that cannot be stored: NUL, or half a surrogate pair.");
        else
            action = new RequestedAction(failureId, name, string.IsNullOrEmpty(reason) ? null : reason);
        return action is not null;
    }
}

/// <summary>A replay or a discard that is asked for.</summary>
internal sealed record RequestedAction(Guid FailureId, string Actor, string? Reason);
