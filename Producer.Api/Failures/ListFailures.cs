using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Producer.Api.Problems;
using Producer.Api.Security;

namespace Producer.Api.Failures;

/// <summary><c>GET /failures</c>.</summary>
internal static class ListFailures
{
    public static async Task<Results<Ok<FailurePage>, ProblemHttpResult>> HandleAsync(
        [AsParameters] FailureQuery query, HttpContext context, FailureStore failures, CancellationToken cancellationToken)
    {
        try
        {
            return TypedResults.Ok(await failures.ListAsync(query.Filter() with { ApiKeyId = Caller.Of(context).OnlyOf }, query.PageSize(), query.Cursor, cancellationToken));
        }
        catch (FormatException exception)
        {
            return ProblemTypes.InvalidRequest.Because(exception.Message);
        }
    }
}
