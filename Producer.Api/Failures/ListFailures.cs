using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Producer.Api.Problems;

namespace Producer.Api.Failures;

/// <summary><c>GET /failures</c>.</summary>
internal static class ListFailures
{
    public static async Task<Results<Ok<FailurePage>, ProblemHttpResult>> HandleAsync(
        [AsParameters] FailureQuery query, FailureStore failures, CancellationToken cancellationToken)
    {
        try
        {
            return TypedResults.Ok(await failures.ListAsync(query.Filter(), query.PageSize(), query.Cursor, cancellationToken));
        }
        catch (FormatException exception)
        {
            return ProblemTypes.InvalidRequest.Because(exception.Message);
        }
    }
}
