using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Producer.Api.Problems;

namespace Producer.Api.Failures;

/// <summary><c>GET /failures</c> and <c>GET /failures/{id}</c>.</summary>
internal static class ReadFailures
{
    public static async Task<Results<Ok<FailurePage>, ProblemHttpResult>> ListAsync(
        HttpContext context, FailureStore failures, CancellationToken aborted)
    {
        try
        {
            var query = FailureQuery.Read(context.Request.Query);
            return TypedResults.Ok(await failures.ListAsync(query.Filter, query.Limit, query.Cursor, aborted));
        }
        catch (FormatException fault)
        {
            return ProblemTypes.InvalidRequest.Because(fault.Message);
        }
    }

    public static async Task<Results<Ok<FailureReport>, ProblemHttpResult>> FindAsync(string id, FailureStore failures, CancellationToken aborted) =>
        Guid.TryParseExact(id, "D", out var failureId) && await failures.FindAsync(failureId, aborted) is { } failure
            ? TypedResults.Ok(FailureReport.Of(failure))
            : NotFound(id);

    public static ProblemHttpResult NotFound(string id) => ProblemTypes.FailureNotFound.Because($"There is no failure '{id}'.");
}
