using System.ComponentModel;
using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Persistence.Operations;
using Producer.Api.Problems;
using Producer.Api.Requests;

namespace Producer.Api.Operations;

/// <summary><c>GET /operations</c> and <c>GET /operations/{id}</c>.</summary>
internal static class ReadOperations
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    private static readonly string[] Names = ["state", "limit", "cursor"];

    public static async Task<Results<Ok<OperationList>, ProblemHttpResult>> ListAsync(
        [FromQuery, Description("`running`, `paused`, `completed`, `stopped` or `canceled`.")] string? state,
        [FromQuery, Description("How many at most: 1 to 200, 50 by default.")] string? limit,
        [FromQuery, Description("The `next_cursor` of the page before.")] string? cursor,
        HttpRequest request, OperationStore operations, CancellationToken cancellationToken)
    {
        try
        {
            QueryTexts.Check(request, Names);
            var page = await operations.ListAsync(
                QueryTexts.Word<OperationState>("state", state), QueryTexts.Limit("limit", limit, DefaultLimit, MaxLimit), QueryTexts.Given(cursor), cancellationToken);
            return TypedResults.Ok(new OperationList([.. page.Items.Select(operation => OperationReport.Of(operation))], page.NextCursor));
        }
        catch (FormatException exception)
        {
            return ProblemTypes.InvalidRequest.Because(exception.Message);
        }
    }

    public static async Task<Results<Ok<OperationReport>, ProblemHttpResult>> GetAsync(string id, OperationStore operations, CancellationToken cancellationToken) =>
        Guid.TryParseExact(id, "D", out var operationId) && await operations.FindAsync(operationId, cancellationToken) is { } operation
            ? TypedResults.Ok(OperationReport.Of(operation, await operations.FindProgressAsync(operation, cancellationToken)))
            : NotFound(id);

    public static ProblemHttpResult NotFound(string id) => ProblemTypes.OperationNotFound.Because($"There is no operation '{Texts.Cut(id, 100)}'.");
}

/// <summary>Operations, newest first.</summary>
/// <param name="Items">At most as many as were asked for.</param>
/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record OperationList(IReadOnlyList<OperationReport> Items, string? NextCursor);
