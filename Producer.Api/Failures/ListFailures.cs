using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Producer.Api.Problems;
using Producer.Api.Security;

namespace Producer.Api.Failures;

/// <summary><c>GET /failures</c>: a page as JSON, or, where <c>Accept</c> asks for <c>text/csv</c> or <c>application/x-ndjson</c>, all that the filter has.</summary>
internal static class ListFailures
{
    public static async Task<Results<Ok<ListedFailures>, PushStreamHttpResult, ProblemHttpResult>> HandleAsync(
        [AsParameters] FailureQuery query, HttpContext context, Callers callers, FailureStore failures, CancellationToken cancellationToken)
    {
        try
        {
            var filter = query.Filter(context.Request) with { ApiKeyId = Caller.Of(context).OnlyOf };
            var (order, isCounted, pageSize) = (query.Order(), query.IsCounted(), query.PageSize());
            if (FailureExport.FormOf(context.Request) is { } form)
                return TypedResults.Stream(stream => form.WriteAsync(stream, context, callers, failures, filter, order, cancellationToken), form.ContentType, $"failures.{form.Extension}");

            var page = await failures.ListAsync(filter, pageSize, query.Cursor, order, cancellationToken);
            var count = isCounted ? await failures.CountAsync(filter, cancellationToken) : null;
            return TypedResults.Ok(new ListedFailures(page.Items, page.NextCursor) { Total = count?.Count, TotalIsExact = count?.IsExact });
        }
        catch (FormatException exception)
        {
            return ProblemTypes.InvalidRequest.Because(exception.Message);
        }
    }
}

/// <summary>A page of failures.</summary>
/// <param name="Items">At most as many as were asked for.</param>
/// <param name="NextCursor">For the next page; absent on the last.</param>
public sealed record ListedFailures(IReadOnlyList<FailureSummary> Items, string? NextCursor)
{
    /// <summary>How many the filter has in all, where that was asked for; counting ends at 100,000.</summary>
    public long? Total { get; init; }

    /// <summary>Whether <see cref="Total"/> are all.</summary>
    public bool? TotalIsExact { get; init; }
}
