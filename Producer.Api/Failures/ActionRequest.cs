using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Contracts.Validation;
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

    /// <summary>A reason of <see cref="MaxReasonLength"/> characters, each as an escaped surrogate pair, and room for white space.</summary>
    private const int MaxBytes = 16_384;

    /// <summary>Reads the body, which may be left out; the problem where it is not valid.</summary>
    public static Task<(ActionRequest? Request, ProblemHttpResult? Problem)> ReadAsync(HttpContext context, CancellationToken cancellationToken) =>
        StrictJson.ReadAsync<ActionRequest>(context, MaxBytes, "{\"reason\": \"…\"}", cancellationToken);

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
        else if (ErrorOf(reason, reasonRequired) is { } error)
            problem = ProblemTypes.InvalidRequest.Because(error);
        else
            action = new RequestedAction(failureId, name, string.IsNullOrEmpty(reason) ? null : reason);
        return action is not null;
    }

    /// <summary>What is wrong with a reason; null where nothing is.</summary>
    public static string? ErrorOf(string? reason, bool isRequired) =>
        isRequired && string.IsNullOrWhiteSpace(reason) ? "Say why, for those who look later: {\"reason\": \"…\"}."
        : reason?.Length > MaxReasonLength ? $"The reason has {reason.Length} characters; at most {MaxReasonLength} are allowed."
        : reason is not null && (!Texts.IsUnicode(reason) || reason.Contains('\0', StringComparison.Ordinal)) ? "The reason holds a character that cannot be stored: NUL, or half a surrogate pair."
        : null;
}

/// <summary>A replay or a discard that is asked for.</summary>
internal sealed record RequestedAction(Guid FailureId, string Actor, string? Reason);
