using Persistence.Failures;
using Persistence.Keys;
using Persistence.Stats;
using Persistence.Text;
using Producer.Api.Console.Hosting;
using Producer.Api.Console.Pages;
using Producer.Api.Failures;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Console.Failures;

/// <summary>Groups of failures, one of them, and what people write down about it, by the code of the API.</summary>
internal static class GroupPages
{
    private const string Noted = "The note is written.";
    private const int GroupsShown = 100;
    private const int FailuresShown = 20;
    private const int PartsShown = 5;

    // A group's own key is first among those of its failures, unless as many others tie with it.
    private const int MostTies = 500;

    public static void Map(RouteGroupBuilder console)
    {
        var groups = console.MapGroup("/groups");
        groups.MapGet("", ListAsync).RequireSightOfAll().RequireScope(KeyScope.Operate);
        groups.MapGet("/{by}", ShowAsync).RequireSightOfAll().RequireScope(KeyScope.Read).RequireScope(KeyScope.Operate);
        groups.MapPost("/note", WriteAsync).RequireScope(KeyScope.Operate).AddEndpointFilter(Forms.CheckAsync);
    }

    private static async Task<IResult> ListAsync(string? by, HttpContext context, FailureGroupStore groups, CancellationToken cancellationToken)
    {
        var shell = Shell.Of(context, "Groups", ConsolePaths.Groups);
        try
        {
            QueryTexts.Check(context.Request, ["by"]);
            var share = QueryTexts.Word<FailureGroupBy>("by", by) ?? FailureGroupBy.Cause;
            return PageResults.Of<GroupList>(new
            {
                Shell = shell,
                By = share,
                Groups = (IReadOnlyList<FailureGroupReport>)[.. (await groups.ListAsync(share, new FailureFilter(), GroupsShown, cancellationToken)).Select(group => FailureGroupReport.Of(share, group))],
            });
        }
        catch (FormatException exception)
        {
            return PageResults.Of<GroupList>(new { Shell = shell with { Problem = exception.Message } }, StatusCodes.Status400BadRequest);
        }
    }

    private static Task<IResult> ShowAsync(
        string by, string? key, string? done, HttpContext context, FailureGroupStore groups, FailureStore failures, ChangeStore changes, CancellationToken cancellationToken) =>
        PageAsync(by, key, context, StatusCodes.Status200OK, problem: null, done, written: null, groups, failures, changes, cancellationToken);

    private static async Task<IResult> PageAsync(
        string by, string? key, HttpContext context, int status, string? problem, string? done, IFormCollection? written, FailureGroupStore groups, FailureStore failures, ChangeStore changes,
        CancellationToken cancellationToken)
    {
        if (EnumText.Parse<FailureGroupBy>(by) is not { } share || QueryTexts.Given(key) is not { } shared || shared.Any(char.IsControl))
            return Messages.NotFound(context, "There is no such group.");
        var filter = FilterOf(share, shared);
        var mark = (await changes.FindAsync(cancellationToken)).Failures;
        var found = (await groups.ListAsync(share, filter, MostTies, cancellationToken)).FirstOrDefault(group => group.Key == shared);
        if (found is null)
            return Messages.NotFound(context, "No failure has that in common. Retention removes old ones.");
        var open = filter with { Statuses = [FailureStatus.Unresolved] };
        var within = share == FailureGroupBy.Cause ? FailureGroupBy.Domain : FailureGroupBy.Cause;
        return PageResults.Of<GroupDetail>(
            new
            {
                Shell = Shell.Of(context, "Group", ConsolePaths.Groups) with { Problem = problem, Done = done == "noted" ? Noted : null, Live = "failures", Mark = mark },
                By = share,
                Group = FailureGroupReport.Of(share, found),
                Within = within,
                Parts = (IReadOnlyList<FailureGroupReport>)[.. (await groups.ListAsync(within, filter, PartsShown, cancellationToken)).Select(part => FailureGroupReport.Of(within, part))],
                Open = await failures.CountAsync(open, cancellationToken),
                Failures = (await failures.ListAsync(found.Open > 0 ? open : filter, FailuresShown, cancellationToken: cancellationToken)).Items,
                Written = written,
            },
            status);
    }

    private static async Task<IResult> WriteAsync(HttpContext context, FailureGroupStore groups, FailureStore failures, ChangeStore changes, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var (by, key) = (form["by"].ToString(), form["key"].ToString());
        var note = new NoteRequest(form["note"].ToString().ReplaceLineEndings("\n"), form["owner"].ToString(), form["ticket"].ToString());
        var (status, problem) = Forms.Outcome(await FailureGroups.WriteAsync(key, by, note, Actor.Of(context), groups, cancellationToken));
        if (!Caller.Of(context).Has(KeyScope.Read))
            return Messages.Decided(context, status, problem, Noted);
        return problem is null && EnumText.Parse<FailureGroupBy>(by) is { } share
            ? TypedResults.LocalRedirect($"~{ConsolePaths.Group(share, key)}&done=noted")
            : await PageAsync(by, key, context, status, problem, done: null, form, groups, failures, changes, cancellationToken);
    }

    /// <summary>The failures of a group, by the filter of the API that finds them.</summary>
    private static FailureFilter FilterOf(FailureGroupBy by, string key) => by switch
    {
        FailureGroupBy.Cause => new FailureFilter { Fingerprint = key },
        FailureGroupBy.Domain => new FailureFilter { Domain = key },
        FailureGroupBy.Code => new FailureFilter { Code = key },
        _ => new FailureFilter { Sender = key },
    };
}
