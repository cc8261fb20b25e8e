using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Producer.Api.Emails;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;
using ServiceDefaults.Database;

namespace Producer.Api.Failures;

/// <summary><c>POST /failures/{id}/replay</c>.</summary>
internal static class ReplayFailure
{
    public static async Task<Results<Accepted<ReplayReport>, ProblemHttpResult>> HandleAsync(
        string id, HttpContext context, [AsParameters] Actor actor, FailureStore failures, Replays replays, ClusterGuard cluster, IHostApplicationLifetime lifetime,
        CancellationToken cancellationToken)
    {
        var (request, unread) = await ActionRequest.ReadAsync(context, cancellationToken);
        if (unread is not null)
            return unread;
        return await ActAsync(id, request, actor, failures, replays, cluster, lifetime, cancellationToken);
    }

    /// <summary>The same for a request whose body was read.</summary>
    public static async Task<Results<Accepted<ReplayReport>, ProblemHttpResult>> ActAsync(
        string id, ActionRequest? request, Actor actor, FailureStore failures, Replays replays, ClusterGuard cluster, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        if (!ActionRequest.TryRead(id, request, actor, reasonRequired: false, GetFailure.NotFound, out var action, out var problem))
            return problem;

        if (cluster.Problem is { } otherCluster)
            return ProblemTypes.OtherCluster.Because($"Nothing was done. {otherCluster}");

        return await failures.RequestReplayAsync(action.Id, action.Actor, action.Reason, cancellationToken) switch
        {
            // Not canceled when the caller disconnects: the replay is recorded, and the sooner it is produced the better.
            ReplayResult.Accepted { Replay: var replay } => TypedResults.Accepted(
                EmailEndpoints.PathOf(replay.MailId),
                new ReplayReport(replay.FailureId, replay.MailId, replay.Epoch, await replays.TryFinishAsync(replay, lifetime.ApplicationStopping))),
            ReplayResult.Refused { Reason: var reason } => Refusals.Explain(id, reason),
            var other => throw new InvalidOperationException($"The store returned {other.GetType().Name}, which is not known here."),
        };
    }
}

/// <summary>A replay that was recorded.</summary>
/// <param name="FailureId">The failure.</param>
/// <param name="MailId">The mail that is sent again.</param>
/// <param name="Epoch">Its new epoch.</param>
/// <param name="Produced">Whether Kafka has it; else it is finished in the background.</param>
internal sealed record ReplayReport(Guid FailureId, Guid MailId, int Epoch, bool Produced);
