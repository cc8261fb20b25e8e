using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Failures;

/// <summary><c>POST /failures/{id}/discard</c>.</summary>
internal static class DiscardFailure
{
    public static async Task<Results<Ok<FailureReport>, ProblemHttpResult>> HandleAsync(
        string id, HttpContext context, [AsParameters] Actor actor, FailureStore failures, CancellationToken cancellationToken)
    {
        var (request, unread) = await ActionRequest.ReadAsync(context, cancellationToken);
        if (unread is not null)
            return unread;
        return await ActAsync(id, request, actor, failures, cancellationToken);
    }

    /// <summary>The same for a request whose body was read.</summary>
    public static async Task<Results<Ok<FailureReport>, ProblemHttpResult>> ActAsync(
        string id, ActionRequest? request, Actor actor, FailureStore failures, CancellationToken cancellationToken)
    {
        if (!ActionRequest.TryRead(id, request, actor, reasonRequired: true, GetFailure.NotFound, out var action, out var problem))
            return problem;
        if (await failures.DiscardAsync(action.Id, action.Actor, action.Reason, cancellationToken) is { } refusal)
            return Refusals.Explain(id, refusal);
        return TypedResults.Ok(FailureReport.Of((await failures.FindAsync(action.Id, cancellationToken: cancellationToken))!).SeenBy(Caller.Of(actor.Context)));
    }
}
