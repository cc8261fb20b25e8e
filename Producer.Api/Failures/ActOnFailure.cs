using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Producer.Api.Emails;
using Producer.Api.Problems;

namespace Producer.Api.Failures;

/// <summary><c>POST /failures/{id}/replay</c> and <c>/discard</c>.</summary>
internal static class ActOnFailure
{
    private const int MaxReasonLength = 1_000;

    public static async Task<Results<Accepted<ReplayReport>, ProblemHttpResult>> ReplayAsync(
        string id, ActionRequest? request, HttpContext context, FailureStore failures, Replays replays, IHostApplicationLifetime lifetime)
    {
        if (!TryRead(id, request, context, reasonRequired: false, out var action, out var problem))
            return problem;

        return await failures.RequestReplayAsync(action.FailureId, action.Actor, action.Reason, context.RequestAborted) switch
        {
            // Not cancelled by the caller's going away: the replay is taken down, and the sooner it is produced the better.
            ReplayResult.Accepted { Replay: var replay } => TypedResults.Accepted(
                EmailEndpoints.PathOf(replay.MailId),
                new ReplayReport(replay.FailureId, replay.MailId, replay.Epoch, await replays.TryFinishAsync(replay, lifetime.ApplicationStopping))),
            ReplayResult.Refused { Reason: var reason } => Refused(id, reason),
            var other => throw new InvalidOperationException($"The store answered {other.GetType().Name}, which is not known here."),
        };
    }

    public static async Task<Results<Ok<FailureReport>, ProblemHttpResult>> DiscardAsync(
        string id, ActionRequest? request, HttpContext context, FailureStore failures)
    {
        if (!TryRead(id, request, context, reasonRequired: true, out var action, out var problem))
            return problem;
        if (await failures.DiscardAsync(action.FailureId, action.Actor, action.Reason, context.RequestAborted) is { } refusal)
            return Refused(id, refusal);
        return TypedResults.Ok(FailureReport.Of((await failures.FindAsync(action.FailureId, context.RequestAborted))!));
    }

    private static bool TryRead(
        string id, ActionRequest? request, HttpContext context, bool reasonRequired, out RequestedAction action, out ProblemHttpResult problem)
    {
        (action, problem) = (null!, null!);
        var reason = request?.Reason?.Trim();
        if (!Guid.TryParseExact(id, "D", out var failureId))
            problem = ReadFailures.NotFound(id);
        else if (Actor.Of(context.Request, context.User, out var fault) is not { } actor)
            problem = ProblemTypes.InvalidRequest.Because(fault!);
        else if (reasonRequired && string.IsNullOrEmpty(reason))
            problem = ProblemTypes.InvalidRequest.Because("Say why, for those who look later: {\"reason\": \"…\"}.");
        else if (reason?.Length > MaxReasonLength)
            problem = ProblemTypes.InvalidRequest.Because($"The reason has {reason.Length} characters; at most {MaxReasonLength} are allowed.");
        else
            action = new RequestedAction(failureId, actor, string.IsNullOrEmpty(reason) ? null : reason);
        return action is not null;
    }

    private static ProblemHttpResult Refused(string id, Refusal refusal) => refusal switch
    {
        Refusal.NotFound => ReadFailures.NotFound(id),
        Refusal.ReplayPending => NotOpen("a replay was asked for and is on its way", refusal),
        Refusal.Replayed => NotOpen("it was replayed", refusal),
        Refusal.Resolved => NotOpen("its mail was sent", refusal),
        Refusal.Discarded => NotOpen("it was discarded", refusal),
        Refusal.MailInProgress => NotOpen("a worker is sending its mail at this moment", refusal),
        _ => NotOpen("its mail has moved on: it was sent, canceled or replayed since", refusal),
    };

    private static ProblemHttpResult NotOpen(string why, Refusal refusal) =>
        ProblemTypes.FailureNotOpen.Because($"Nothing was done: {why}.", ("reason", refusal));

    private sealed record RequestedAction(Guid FailureId, string Actor, string? Reason);
}

/// <summary>What to take down about a replay or a discard.</summary>
/// <param name="Reason">Why: up to 1,000 characters. Required to discard.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ActionRequest(string? Reason);

/// <summary>A replay that was taken down.</summary>
/// <param name="FailureId">The failure.</param>
/// <param name="MailId">The mail that is sent again.</param>
/// <param name="Epoch">Its new epoch.</param>
/// <param name="Produced">Whether Kafka has it; else it is finished in the background.</param>
internal sealed record ReplayReport(Guid FailureId, Guid MailId, int Epoch, bool Produced);
