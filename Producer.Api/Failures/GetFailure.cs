using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Producer.Api.Problems;
using Producer.Api.Security;

namespace Producer.Api.Failures;

/// <summary><c>GET /failures/{id}</c>.</summary>
internal static class GetFailure
{
    public static async Task<Results<Ok<FailureReport>, ProblemHttpResult>> HandleAsync(string id, HttpContext context, FailureStore failures, CancellationToken cancellationToken) =>
        Guid.TryParseExact(id, "D", out var failureId) && await failures.FindAsync(failureId, Caller.Of(context).OnlyOf, cancellationToken) is { } failure
            ? TypedResults.Ok(FailureReport.Of(failure))
            : NotFound(id);

    public static ProblemHttpResult NotFound(string id) => ProblemTypes.FailureNotFound.Because($"There is no failure '{Texts.Cut(id, 100)}'.");
}
