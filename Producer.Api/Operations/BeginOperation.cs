using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Persistence.Keys;
using Persistence.Mails;
using Persistence.Operations;
using Producer.Api.Emails;
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
        HttpContext context, [AsParameters] Actor actor, OperationStore operations, FailureStore failures, MailStore mails, OperationRunner runner, ClusterGuard cluster, CancellationToken cancellationToken)
    {
        var (request, unread) = await StrictJson.ReadAsync<OperationRequest>(context, OperationRequest.MaxBytes, OperationRequest.Example, cancellationToken);
        return unread is not null ? unread : await ActAsync(request, actor, operations, failures, mails, runner, cluster, cancellationToken);
    }

    /// <summary>The same for a request whose body was read.</summary>
    public static async Task<Results<Accepted<OperationReport>, Ok<DryRunReport>, ProblemHttpResult>> ActAsync(
        OperationRequest? request, Actor actor, OperationStore operations, FailureStore failures, MailStore mails, OperationRunner runner, ClusterGuard cluster, CancellationToken cancellationToken)
    {
        if (!actor.TryRead(out var name, out var problem))
            return problem;
        if (request is null)
            return ProblemTypes.InvalidRequest.Because($"{OperationRequest.Example} is expected.");
        if (!request.TryRead(name, out var operation, out var error))
            return ProblemTypes.InvalidRequest.Because(error);
        var caller = Caller.Of(actor.Context);
        if (operation.Action == OperationAction.Cancel && !caller.Has(KeyScope.Send))
            return Scopes.Refuse(actor.Context, KeyScope.Send);

        if (request.DryRun)
            return TypedResults.Ok(await DryRunAsync(operation, caller, operations, failures, mails, cancellationToken));
        if (operation.Action == OperationAction.Replay && cluster.Problem is { } otherCluster)
            return ProblemTypes.OtherCluster.Because($"Nothing was done. {otherCluster}");
        var begun = await operations.BeginAsync(operation, cancellationToken);
        runner.Wake();
        return TypedResults.Accepted($"/operations/{begun.Id}", OperationReport.Of(begun));
    }

    private static async Task<DryRunReport> DryRunAsync(
        NewOperation operation, Caller caller, OperationStore operations, FailureStore failures, MailStore mails, CancellationToken cancellationToken)
    {
        var report = new DryRunReport(await operations.CountAsync(operation, cancellationToken), []);
        if (!caller.Has(KeyScope.Read))
            return report;
        if (operation.Filter is { } filter)
            return report with { Samples = (await failures.ListAsync(filter, Math.Min(Samples, operation.Limit ?? Samples), order: operation.Order, cancellationToken: cancellationToken)).Items };
        if (operation.Mails is null)
            return report;

        var found = new List<ListedMail>();
        foreach (var id in await operations.SampleAsync(operation, Samples, cancellationToken))
        {
            if (await mails.FindAsync(id, cancellationToken) is { } view)
                found.Add(ListedMail.Of(view.Mail));
        }

        return report with { Mails = found };
    }
}

/// <summary>What an operation would do.</summary>
/// <param name="Matched">With how many failures, or mails.</param>
/// <param name="Samples">The first of the failures, up to five; none where their ids were given, or mails are canceled, and for a key without <c>read</c>.</param>
public sealed record DryRunReport(long Matched, IReadOnlyList<FailureSummary> Samples)
{
    /// <summary>Of a cancel the first of its mails, up to five; absent where their ids were given, and for a key without <c>read</c>.</summary>
    public IReadOnlyList<ListedMail>? Mails { get; init; }
}
