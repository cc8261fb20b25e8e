using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Persistence.Failures;
using Producer.Api.Requests;

namespace Producer.Api.Failures;

/// <summary>The query of <c>GET /failures</c>, read strictly: a misspelt filter must not list everything.</summary>
internal sealed record FailureQuery : FilterTexts
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    private static readonly string[] AllNames = [.. Names, "sort", "count", "limit", "cursor"];

    /// <summary>In which order.</summary>
    [FromQuery(Name = "sort"), Description("`newest`, the default, or `oldest` first.")]
    public string? Sort { get; init; }

    /// <summary>Whether all are counted.</summary>
    [FromQuery(Name = "count"), Description("`true`: say how many there are in all, in `total`; counted up to 100,000.")]
    public string? Count { get; init; }

    /// <summary>How many at most.</summary>
    [FromQuery(Name = "limit"), Description("How many at most: 1 to 200, 50 by default.")]
    public string? Limit { get; init; }

    /// <summary>Where to go on.</summary>
    [FromQuery(Name = "cursor"), Description("The `next_cursor` of the page before, in the same order.")]
    public string? Cursor { get; init; }

    /// <summary>What to look for.</summary>
    /// <param name="request">Of which this is the query.</param>
    /// <exception cref="FormatException">A parameter is unknown, given twice or not what it should be; the message says which.</exception>
    public FailureFilter Filter(HttpRequest request)
    {
        QueryTexts.Check(request, AllNames);
        return Read();
    }

    /// <summary>In which order.</summary>
    /// <exception cref="FormatException">It is not one that is known.</exception>
    public FailureOrder Order() => QueryTexts.Word<FailureOrder>("sort", Sort) ?? FailureOrder.Newest;

    /// <summary>Whether all are to be counted.</summary>
    /// <exception cref="FormatException">It is neither true nor false.</exception>
    public bool IsCounted() => QueryTexts.Flag("count", Count) ?? false;

    /// <summary>How many to list at most.</summary>
    /// <exception cref="FormatException">It is not a number that is allowed.</exception>
    public int PageSize() => QueryTexts.Limit("limit", Limit, DefaultLimit, MaxLimit);
}
