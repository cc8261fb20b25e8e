using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Holds;
using Persistence.Keys;
using Producer.Api.Console.Hosting;
using Producer.Api.Console.Pages;
using Producer.Api.Holds;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Console.Holds;

/// <summary>Holds: those there are, one of them, and making and releasing them by the code of the API.</summary>
internal static class HoldPages
{
    private const string DoneParameter = "done";

    public static void Map(RouteGroupBuilder console)
    {
        var holds = console.MapGroup("/holds");
        holds.MapGet("", ListAsync).RequireSightOfAll().RequireScope(KeyScope.Operate);
        holds.MapGet("/{id}", ShowAsync).RequireSightOfAll().RequireScope(KeyScope.Operate);
        holds.MapPost("", HoldAsync).RequireScope(KeyScope.Operate).AddEndpointFilter(Forms.CheckAsync);
        holds.MapPost("/{id}/release", ReleaseAsync).RequireScope(KeyScope.Operate).AddEndpointFilter(Forms.CheckAsync);
    }

    private static async Task<IResult> ListAsync([AsParameters] HoldQuery query, HttpContext context, HoldStore store, CancellationToken cancellationToken)
    {
        var (status, problem) = (StatusCodes.Status200OK, (string?)null);
        var (active, limit, before) = ((bool?)null, HoldQuery.DefaultLimit, (long?)null);
        try
        {
            (active, limit, before) = query.Read();
        }
        catch (FormatException exception)
        {
            (status, problem) = (StatusCodes.Status400BadRequest, exception.Message);
        }

        return await TableAsync(context, status, problem, asked: null, active, limit, before, store, cancellationToken);
    }

    private static async Task<IResult> TableAsync(
        HttpContext context, int status, string? problem, IFormCollection? asked, bool? active, int limit, long? before, HoldStore store, CancellationToken cancellationToken)
    {
        var page = await store.ListAsync(active, limit, before, cancellationToken);
        return PageResults.Of<HoldTable>(
            new
            {
                Shell = Shell.Of(context, "Holds", ConsolePaths.Holds) with { Problem = problem },
                Holds = (IReadOnlyList<HoldReport>)[.. page.Items.Select(HoldReport.Of)],
                Next = HoldQuery.CursorOf(page.Next),
                Asked = asked,
            },
            status);
    }

    private static Task<IResult> ShowAsync(string id, HttpContext context, HoldStore store, CancellationToken cancellationToken) =>
        PageAsync(id, context, StatusCodes.Status200OK, problem: null, store, cancellationToken);

    private static async Task<IResult> PageAsync(string id, HttpContext context, int status, string? problem, HoldStore store, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var holdId) || await store.FindAsync(holdId, cancellationToken) is not { } hold)
            return Messages.NotFound(context, "There is no hold with this id.");
        return PageResults.Of<HoldDetail>(
            new
            {
                Shell = Shell.Of(context, "Hold", ConsolePaths.Holds) with
                {
                    Done = Done(context.Request.Query[DoneParameter].ToString(), hold),
                    Problem = problem,
                    Live = hold.IsActive || hold.Waiting > 0 ? "clock" : null,
                },
                Hold = HoldReport.Of(hold),
            },
            status);
    }

    private static async Task<IResult> HoldAsync(HttpContext context, HoldStore store, TimeProvider timeProvider, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var asked = new HoldRequest(Given("scope"), Given("value"), Given("mode"), Given("until")?.Trim(), Given("reason"));
        var result = await ManageHolds.MakeAsync(asked, Actor.Of(context), store, timeProvider, loggers, cancellationToken);
        var (status, problem) = Forms.Outcome(result);
        return result.Result is Created<HoldReport> { Value: { } made }
            ? TypedResults.LocalRedirect($"~{ConsolePaths.Hold(made.Id)}?{DoneParameter}=held")
            : await TableAsync(context, status, problem, form, active: null, HoldQuery.DefaultLimit, before: null, store, cancellationToken);

        // A field of a form that was left empty is one that was left out.
        string? Given(string name) => QueryTexts.Given(form[name].ToString());
    }

    private static async Task<IResult> ReleaseAsync(string id, HttpContext context, HoldStore store, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var reason = new ActionRequest((await context.Request.ReadFormAsync(cancellationToken))["reason"].ToString());
        var (status, problem) = Forms.Outcome(await ManageHolds.EndAsync(id, reason, Actor.Of(context), store, loggers, cancellationToken));
        return problem is null
            ? TypedResults.LocalRedirect($"~{ConsolePaths.Holds}/{id}?{DoneParameter}=released")
            : await PageAsync(id, context, status, problem, store, cancellationToken);
    }

    /// <summary>What the URL says was done, as far as it is so: a link says nothing of its own.</summary>
    private static string? Done(string done, Hold hold) => (done, hold) switch
    {
        ("held", { IsActive: true }) => "The hold is in force: no worker begins to send a mail that it is on.",
        ("released", { ReleasedAt: not null, Mode: HoldMode.Wait }) => "The hold is released. Its mails go on within seconds, unless another hold is on them.",
        ("released", { ReleasedAt: not null }) => "The hold is released. What it canceled stays so.",
        _ => null,
    };
}
