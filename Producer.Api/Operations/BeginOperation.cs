using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Persistence.Operations;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;
using ServiceDefaults.Database;

namespace Producer.Api.Operations;

/// <summary><c>POST /operations</c>.</summary>
internal static class BeginOperation
{
    private const int Samples = 5;

    public static async Task<Results<Accepted<OperationReport>, Ok<DryRunReport>, ProblemHttpResult>> HandleAsync(
        HttpContext context, [AsParameters] Actor actor, OperationStore operations, FailureStore failures, OperationRunner runner, ClusterGuard cluster, CancellationToken cancellationToken)
    {
        var (request, unread) = await StrictJson.ReadAsync<OperationRequest>(context, OperationRequest.MaxBytes, OperationRequest.Example, cancellationToken);
        return unread is not null ? unread : await ActAsync(request, actor, operations, failures, runner, cluster, cancellationToken);
    }

    /// <summary>The same for a request whose body was read.</summary>
    public static async Task<Results<Accepted<OperationReport>, Ok<DryRunReport>, ProblemHttpResult>> ActAsync(
        OperationRequest? request, Actor actor, OperationStore operations, FailureStore failures, OperationRunner runner, ClusterGuard cluster, CancellationToken cancellationToken)
    {
        if (!actor.TryRead(out var name, out var problem))
            return problem;
        if (request is null)
            return ProblemTypes.InvalidRequest.Because($"{OperationRequest.Example} is expected.");
        if (!request.TryRead(name, out var operation, out var error))
            return ProblemTypes.InvalidRequest.Because(error);

        if (request.DryRun)
            return TypedResults.Ok(await DryRunAsync(operation, operations, failures, cancellationToken));
        if (operation.Action == OperationAction.Replay && cluster.Problem is { } otherCluster)
            return ProblemTypes.OtherCluster.Because($"Nothing was done. {otherCluster}");
        var begun = await operations.BeginAsync(operation, cancellationToken);
        runner.Wake();
        return TypedResults.Accepted($"/operations/{begun.Id}", OperationReport.Of(begun));
    }

    private static async Task<DryRunReport> DryRunAsync(NewOperation operation, OperationStore operations, FailureStore failures, CancellationToken cancellationToken) =>
        new(await operations.CountAsync(operation, cancellationToken), operation.Filter is { } filter
            ? (await failures.ListAsync(filter, Math.Min(Samples, operation.Limit ?? Samples), order: operation.Order, cancellationToken: cancellationToken)).Items
            : []);
}

/// <summary>What an operation would do.</summary>
/// <param name="Matched">With how many failures.</param>
/// <param name="Samples">The first of them, up to five; none where their ids were given.</param>
public sealed record DryRunReport(long Matched, IReadOnlyList<FailureSummary> Samples);
