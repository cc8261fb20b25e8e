using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Persistence.Keys;
using Persistence.Mails;
using Persistence.Operations;
using Producer.Api.Console.Hosting;
using Producer.Api.Console.Pages;
using Producer.Api.Failures;
using Producer.Api.Operations;
using Producer.Api.Requests;
using Producer.Api.Security;
using ServiceDefaults.Database;

namespace Producer.Api.Console.Operations;

/// <summary>What is done with many failures at once, by the code of the API.</summary>
internal static class OperationPages
{
    private const int OperationsShown = 50;

    private static readonly JsonSerializerOptions Names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static void Map(RouteGroupBuilder console)
    {
        var operations = console.MapGroup("/operations");
        operations.MapGet("", ListAsync).RequireSightOfAll().RequireScope(KeyScope.Operate);
        operations.MapGet("/{id}", ShowAsync).RequireSightOfAll().RequireScope(KeyScope.Operate);
        operations.MapPost("", BeginAsync).RequireScope(KeyScope.Operate).AddEndpointFilter(Forms.CheckAsync);
        operations.MapPost("/{id}/pause", PauseAsync).RequireScope(KeyScope.Operate).AddEndpointFilter(Forms.CheckAsync);
        operations.MapPost("/{id}/resume", ResumeAsync).RequireScope(KeyScope.Operate).AddEndpointFilter(Forms.CheckAsync);
        operations.MapPost("/{id}/cancel", CancelAsync).RequireScope(KeyScope.Operate).AddEndpointFilter(Forms.CheckAsync);
    }

    private static async Task<IResult> ListAsync(string? cursor, HttpContext context, OperationStore operations, CancellationToken cancellationToken)
    {
        try
        {
            return await TableAsync(context, StatusCodes.Status200OK, problem: null, QueryTexts.Given(cursor), operations, cancellationToken);
        }
        catch (FormatException exception)
        {
            return await TableAsync(context, StatusCodes.Status400BadRequest, exception.Message, cursor: null, operations, cancellationToken);
        }
    }

    private static async Task<IResult> TableAsync(HttpContext context, int status, string? problem, string? cursor, OperationStore operations, CancellationToken cancellationToken)
    {
        var page = await operations.ListAsync(state: null, OperationsShown, cursor, cancellationToken);
        return PageResults.Of<OperationTable>(
            new
            {
                Shell = Shell.Of(context, "Operations", ConsolePaths.Operations) with { Problem = problem },
                Operations = (IReadOnlyList<OperationReport>)[.. page.Items.Select(operation => OperationReport.Of(operation))],
                Next = page.NextCursor,
            },
            status);
    }

    private static Task<IResult> ShowAsync(string id, HttpContext context, OperationStore operations, CancellationToken cancellationToken) =>
        PageAsync(id, context, StatusCodes.Status200OK, problem: null, operations, cancellationToken);

    private static async Task<IResult> PageAsync(string id, HttpContext context, int status, string? problem, OperationStore operations, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var operationId) || await operations.FindAsync(operationId, cancellationToken) is not { } operation)
            return Messages.NotFound(context, "There is no operation with this id.");
        var report = OperationReport.Of(operation, await operations.FindProgressAsync(operation, cancellationToken));
        return PageResults.Of<OperationDetail>(
            new
            {
                // What it replayed comes to its end after it.
                Shell = Shell.Of(context, "Operation", ConsolePaths.Operations) with { Problem = problem, Live = operation.EndedAt is null || report.Progress!.Waiting > 0 ? "clock" : null },
                Operation = report,
            },
            status);
    }

    private static async Task<IResult> BeginAsync(
        HttpContext context, OperationStore operations, FailureStore failures, MailStore mails, OperationRunner runner, ClusterGuard cluster, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        Results<Accepted<OperationReport>, Ok<DryRunReport>, ProblemHttpResult> result;
        try
        {
            result = await BeginOperation.ActAsync(RequestOf(form), Actor.Of(context), operations, failures, mails, runner, cluster, cancellationToken);
        }
        catch (FormatException exception)
        {
            return await TableAsync(context, StatusCodes.Status400BadRequest, exception.Message, cursor: null, operations, cancellationToken);
        }

        var (status, problem) = Forms.Outcome(result);
        return result.Result is Accepted<OperationReport> { Value: { } begun }
            ? TypedResults.LocalRedirect($"~{ConsolePaths.Operation(begun.Id)}")
            : await TableAsync(context, status, problem, cursor: null, operations, cancellationToken);
    }

    private static async Task<IResult> PauseAsync(string id, HttpContext context, OperationStore operations, CancellationToken cancellationToken) =>
        await ChangedAsync(id, context, await ChangeOperation.PauseAsync(id, Actor.Of(context), operations, cancellationToken), operations, cancellationToken);

    private static async Task<IResult> ResumeAsync(string id, HttpContext context, OperationStore operations, OperationRunner runner, CancellationToken cancellationToken) =>
        await ChangedAsync(id, context, await ChangeOperation.ResumeAsync(id, Actor.Of(context), operations, runner, cancellationToken), operations, cancellationToken);

    private static async Task<IResult> CancelAsync(string id, HttpContext context, OperationStore operations, CancellationToken cancellationToken) =>
        await ChangedAsync(id, context, await ChangeOperation.CancelAsync(id, Actor.Of(context), operations, cancellationToken), operations, cancellationToken);

    private static async Task<IResult> ChangedAsync(string id, HttpContext context, INestedHttpResult result, OperationStore operations, CancellationToken cancellationToken)
    {
        var (status, problem) = Forms.Outcome(result);
        return problem is null
            ? TypedResults.LocalRedirect($"~{ConsolePaths.Operations}/{id}")
            : await PageAsync(id, context, status, problem, operations, cancellationToken);
    }

    /// <summary>The operation that a form asks for, by the names of the API.</summary>
    /// <exception cref="FormatException">A number is not one.</exception>
    private static OperationRequest RequestOf(IFormCollection form) => new(form["action"].ToString())
    {
        Filter = JsonSerializer.Deserialize<OperationFilter>(
            JsonSerializer.Serialize(FilterTexts.Names.Where(form.ContainsKey).ToDictionary(name => name, name => form[name].ToString())), Names),
        Reason = form["reason"].ToString(),
        // The button that tries a few first says how many.
        Limit = Number(form, "first") ?? Number(form, "limit"),
        RatePerSecond = Number(form, "rate_per_second"),
        StopAfterFailures = Number(form, "stop_after_failures"),
    };

    private static int? Number(IFormCollection form, string name) =>
        QueryTexts.Given(form[name].ToString()) is not { } text ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new FormatException($"'{name}' is '{QueryTexts.Shown(text)}'; a whole number is expected.");
}
