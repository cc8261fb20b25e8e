using System.ComponentModel;
using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Producer.Api.Requests;

namespace Producer.Api.Holds;

/// <summary>The query of <c>GET /holds</c>, read strictly.</summary>
internal sealed record HoldQuery(
    [property: FromQuery(Name = HoldQuery.ActiveName), Description("`true` for those in force, `false` for those that are over; both by default.")] string? Active,
    [property: FromQuery(Name = HoldQuery.LimitName), Description("How many at most: 1 to 200, 50 by default.")] string? Limit,
    [property: FromQuery(Name = HoldQuery.CursorName), Description("The `next_cursor` of the page before.")] string? Cursor,
    HttpRequest Request)
{
    /// <summary>How many there are on a page where nothing else is asked for.</summary>
    public const int DefaultLimit = 50;

    private const int MaxLimit = 200;

    private const string ActiveName = "active";
    private const string LimitName = "limit";
    private const string CursorName = "cursor";

    /// <summary>What is asked for.</summary>
    /// <exception cref="FormatException">A parameter is unknown, given twice or not what it should be; the message says which.</exception>
    public (bool? Active, int Limit, long? Before) Read()
    {
        QueryTexts.Check(Request, [ActiveName, LimitName, CursorName]);
        return (QueryTexts.Flag(ActiveName, Active), QueryTexts.Limit(LimitName, Limit, DefaultLimit, MaxLimit), ReadCursor());
    }

    /// <summary>The cursor of a page that goes on before a number.</summary>
    public static string? CursorOf(long? before) => before?.ToString(CultureInfo.InvariantCulture);

    private long? ReadCursor() =>
        QueryTexts.Given(Cursor) is not { } given ? null
        : long.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var before) ? before
        : throw new FormatException($"'{CursorName}' is '{QueryTexts.Shown(given)}'; the next_cursor of a page is expected.");
}
