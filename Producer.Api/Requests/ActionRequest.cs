using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Producer.Api.Problems;
using Producer.Api.Security;

namespace Producer.Api.Requests;

/// <summary>What to write down about what a person does: a replay or a discard of a failure, the release of a hold.</summary>
/// <param name="Reason">Why: up to 1,000 characters. Required to discard and to release.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ActionRequest(string? Reason = null)
{
    private const int MaxReasonLength = 1_000;

    /// <summary>A reason of <see cref="MaxReasonLength"/> characters, each as an escaped surrogate pair, and room for white space.</summary>
    private const int MaxBytes = 16_384;

    /// <summary>Reads the body, which may be left out; the problem where it is not valid.</summary>
    public static Task<(ActionRequest? Request, ProblemHttpResult? Problem)> ReadAsync(HttpContext context, CancellationToken cancellationToken) =>
        StrictJson.ReadAsync<ActionRequest>(context, MaxBytes, "{\"reason\": \"…\"}", cancellationToken);

    /// <summary>Reads what is acted on, who does it and why; false, with the problem, where a part is not valid.</summary>
    public static bool TryRead(
        string id, ActionRequest? request, Actor actor, bool reasonRequired, Func<string, ProblemHttpResult> notFound,
        [NotNullWhen(true)] out RequestedAction? action, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        (action, problem) = (null, null);
        var reason = Trim(request?.Reason);
        if (!Guid.TryParseExact(id, "D", out var targetId))
            problem = notFound(id);
        else if (!actor.TryRead(out var name, out problem))
            return false;
        else if (WrongReason(reason, reasonRequired) is { } wrong)
            problem = ProblemTypes.InvalidRequest.Because(wrong);
        else
            action = new RequestedAction(targetId, name, reason);
        return action is not null;
    }

    /// <summary>A reason without white space around it; null where nothing is left.</summary>
    public static string? Trim(string? reason) => string.IsNullOrWhiteSpace(reason) ? null : reason.Trim();

    /// <summary>What is wrong with a reason; null where nothing is.</summary>
    public static string? WrongReason(string? reason, bool isRequired) =>
        reason is null ? (isRequired ? "Say why, for those who look later: {\"reason\": \"…\"}." : null)
        : reason.Length > MaxReasonLength ? $"The reason has {reason.Length} characters; at most {MaxReasonLength} are allowed."
        : !Texts.IsUnicode(reason) || reason.Contains('\0', StringComparison.Ordinal) ? "The reason holds a character that cannot be stored: NUL, or half a surrogate pair."
        : null;
}

/// <summary>What a person asks for.</summary>
/// <param name="Id">What it is done to.</param>
/// <param name="Actor">Who asks.</param>
/// <param name="Reason">Why.</param>
internal sealed record RequestedAction(Guid Id, string Actor, string? Reason);
