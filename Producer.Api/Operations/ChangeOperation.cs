using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Operations;
using Persistence.Text;
using Producer.Api.Problems;
using Producer.Api.Security;

namespace Producer.Api.Operations;

/// <summary><c>POST /operations/{id}/pause</c>, <c>…/resume</c> and <c>…/cancel</c>.</summary>
internal static class ChangeOperation
{
    public static Task<Results<Ok<OperationReport>, ProblemHttpResult>> PauseAsync(string id, [AsParameters] Actor actor, OperationStore operations, CancellationToken cancellationToken) =>
        ChangeAsync(id, actor, operations, (operation, name) => operations.PauseAsync(operation, name, cancellationToken), cancellationToken);

    public static async Task<Results<Ok<OperationReport>, ProblemHttpResult>> ResumeAsync(
        string id, [AsParameters] Actor actor, OperationStore operations, OperationRunner runner, CancellationToken cancellationToken)
    {
        var resumed = await ChangeAsync(id, actor, operations, (operation, name) => operations.ResumeAsync(operation, name, cancellationToken), cancellationToken);
        runner.Wake();
        return resumed;
    }

    public static Task<Results<Ok<OperationReport>, ProblemHttpResult>> CancelAsync(string id, [AsParameters] Actor actor, OperationStore operations, CancellationToken cancellationToken) =>
        ChangeAsync(id, actor, operations, (operation, name) => operations.CancelAsync(operation, name, cancellationToken), cancellationToken);

    private static async Task<Results<Ok<OperationReport>, ProblemHttpResult>> ChangeAsync(
        string id, Actor actor, OperationStore operations, Func<Guid, string, Task<Operation?>> change, CancellationToken cancellationToken)
    {
        if (!actor.TryRead(out var name, out var problem))
            return problem;
        if (!Guid.TryParseExact(id, "D", out var operationId))
            return ReadOperations.NotFound(id);
        if (await change(operationId, name) is { } changed)
            return TypedResults.Ok(OperationReport.Of(changed));
        return await operations.FindAsync(operationId, cancellationToken) is { } operation
            ? ProblemTypes.OperationNotOpen.Because($"Nothing was done: the operation is {operation.State.ToText()}.", ("state", operation.State))
            : ReadOperations.NotFound(id);
    }
}
