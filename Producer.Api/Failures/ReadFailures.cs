using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Producer.Api.Problems;

namespace Producer.Api.Failures;

/// <summary><c>GET /failures</c> and <c>GET /failures/{id}</c>.</summary>
internal static class ReadFailures
{
    public static async Task<Results<Ok<FailurePage>, ProblemHttpResult>> ListAsync(
        HttpContext context, FailureStore failures, CancellationToken cancellationToken)
    {
        try
        {
            var query = FailureQuery.Read(context.Request.Query);
            return TypedResults.Ok(await failures.ListAsync(query.Filter, query.Limit, query.Cursor, cancellationToken));
        }
        catch (FormatException exception)
        {
            return ProblemTypes.InvalidRequest.Because(exception.Message);
        }
    }

    public static async Task<Results<Ok<FailureReport>, ProblemHttpResult>> FindAsync(string id, FailureStore failures, CancellationToken cancellationToken) =>
        Guid.TryParseExact(id, "D", out var failureId) && await failures.FindAsync(failureId, cancellationToken) is { } failure
            ? TypedResults.Ok(FailureReport.Of(failure))
            : NotFound(id);

    public static ProblemHttpResult NotFound(string id) => ProblemTypes.FailureNotFound.Because($"There is no failure '{id}'.");
}
