using Contracts;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Persistence.Failures;
using Persistence.Keys;
using Persistence.Stats;
using Persistence.Text;
using Producer.Api.Console.Hosting;
using Producer.Api.Console.Pages;
using Producer.Api.Console.Parts;
using Producer.Api.Emails;
using Producer.Api.Failures;
using Producer.Api.Requests;
using Producer.Api.Security;
using ServiceDefaults.Database;

namespace Producer.Api.Console.Failures;

/// <summary>Failures: the list, one of them, and what is done about it, by the code of the API.</summary>
internal static class FailurePages
{
    private const string DoneParameter = "done";

    public static void Map(RouteGroupBuilder console)
    {
        var failures = console.MapGroup("/failures");
        failures.MapGet("", ListAsync).RequireScope(KeyScope.Read);
        failures.MapGet("/{id}", ShowAsync).RequireScope(KeyScope.Read);
        failures.MapGet("/{id}/html", HtmlAsync).RequireScope(KeyScope.Read);
        failures.MapPost("/{id}/replay", ReplayAsync).RequireScope(KeyScope.Operate).AddEndpointFilter(Forms.CheckAsync);
        failures.MapPost("/{id}/discard", DiscardAsync).RequireScope(KeyScope.Operate).AddEndpointFilter(Forms.CheckAsync);
        failures.MapPost("/{id}/restore", RestoreAsync).RequireScope(KeyScope.Operate).AddEndpointFilter(Forms.CheckAsync);
    }

    /// <summary>Every filter of the list, in the order in which it is shown.</summary>
    private static Filters FiltersOf(FailureQuery query) => new(ConsolePaths.Failures,
    [
        new FilterField("status", "Status", query.Status) { Choices = EnumText.All<FailureStatus>() },
        new FilterField("text", "Words of subject or message", query.Text) { Example = "no such user" },
        new FilterField("subject", "Words of the subject", query.Subject) { Example = "invoice" },
        new FilterField("domain", "Domain of a recipient", query.Domain) { Example = "example.com" },
        new FilterField("code", "Code of a reply", query.Code) { Example = "550 5.1.1" },
        new FilterField("sender", "Sender", query.Sender) { Example = "shop@example.com" },
        new FilterField("recipient", "Recipient", query.Recipient) { Example = "ann@example.com" },
        new FilterField("tag", "Tag", query.Tag) { Example = "campaign:spring" },
        new FilterField("fingerprint", "Fingerprint of the cause", query.Fingerprint) { Example = "eaf69a07d15d45a3" },
        new FilterField("mail_id", "Mail", query.MailId) { Example = "id" },
        new FilterField("exception", "Exception", query.Exception) { Example = "System.TimeoutException" },
        new FilterField("topic", "Topic", query.Topic) { Example = "email.send" },
        new FilterField("key", "Key of the record", query.Key) { Example = "customer-4711" },
        new FilterField("failed_again_of", "What failed again of the operation", query.FailedAgainOf) { Example = "id" },
        new FilterField("since", "Failed since", query.Since) { Example = "2030-01-31T12:00:00Z" },
        new FilterField("until", "Failed before", query.Until) { Example = "2030-02-01T00:00:00Z" },
    ]);

    private static async Task<IResult> ListAsync(
        [AsParameters] FailureQuery query, HttpContext context, FailureStore failures, StatsStore stats, ChangeStore changes, CancellationToken cancellationToken)
    {
        var shell = Shell.Of(context, "Failures", ConsolePaths.Failures);
        var filters = FiltersOf(query);
        var caller = Caller.Of(context);
        try
        {
            var mark = (await changes.FindAsync(cancellationToken)).Failures;
            var filter = query.Filter(context.Request) with { ApiKeyId = caller.OnlyOf };
            var page = await failures.ListAsync(filter, query.PageSize(), query.Cursor, query.Order(), cancellationToken);
            return PageResults.Of<FailureList>(new
            {
                // Older pages are looked at, not watched.
                Shell = string.IsNullOrEmpty(query.Cursor) ? shell with { Live = "failures", Mark = mark } : shell,
                Filters = filters,
                Page = page,
                // What can be done with all of them is offered where a filter says which.
                Total = caller.Has(KeyScope.Operate) && filters.Given.Any(field => field.Name != "status") && page.Items.Count > 0
                    ? await failures.CountAsync(filter.Statuses.Count > 0 ? filter : filter with { Statuses = [FailureStatus.Unresolved] }, cancellationToken) : null,
                IsFirst = string.IsNullOrEmpty(query.Cursor),
                Counts = caller.OnlyOf is null ? await stats.CountFailuresAsync(cancellationToken) : null,
            });
        }
        catch (FormatException exception)
        {
            return PageResults.Of<FailureList>(
                new { Shell = shell with { Problem = exception.Message }, Filters = filters, Page = new FailurePage([], null), IsFirst = true }, StatusCodes.Status400BadRequest);
        }
    }

    private static async Task<IResult> ShowAsync(
        string id, HttpContext context, FailureStore failures, FindEmail emails, ChangeStore changes, IOptions<ConsoleOptions> options, CancellationToken cancellationToken) =>
        await PageAsync(id, context, StatusCodes.Status200OK, problem: null, failures, emails, changes, options, cancellationToken);

    private static async Task<IResult> PageAsync(
        string id, HttpContext context, int status, string? problem, FailureStore failures, FindEmail emails, ChangeStore changes, IOptions<ConsoleOptions> options, CancellationToken cancellationToken)
    {
        var caller = Caller.Of(context);
        var mark = (await changes.FindAsync(cancellationToken)).Failures;
        if (!Guid.TryParseExact(id, "D", out var failureId) || await failures.FindAsync(failureId, caller.OnlyOf, cancellationToken) is not { } failure)
            return Messages.NotFound(context, "There is no failure with this id, or none that you may see. Retention removes old ones.");

        var report = FailureReport.Of(failure);
        var found = failure.MailId is { } mailId ? await emails.FindAsync(mailId, caller, cancellationToken) : null;
        return PageResults.Of<FailureDetail>(
            new
            {
                Shell = Shell.Of(context, $"Failure {Words.EndOf(failureId)}", ConsolePaths.Failures) with
                {
                    Done = Done(context.Request.Query[DoneParameter].ToString()),
                    Problem = problem,
                    Live = "failures",
                    Mark = mark,
                },
                Failure = report,
                Mail = found?.Report,
                Events = found?.Events() ?? [],
                Rounds = found?.Report.Failures ?? [],
                Content = caller.ReadsContent ? SendEmailJson.TryDeserialize(failure.Value) : null,
                View = context.Request.Query["view"].ToString(),
                TraceUrl = TraceUrlOf(failure, options.Value),
                Api = $"{context.Request.Scheme}://{context.Request.Host}",
            },
            status);
    }

    /// <summary>The mail's HTML as it is, for a frame in which it can do nothing.</summary>
    private static async Task<IResult> HtmlAsync(string id, HttpContext context, FailureStore failures, CancellationToken cancellationToken)
    {
        var caller = Caller.Of(context);
        if (!caller.ReadsContent || !Guid.TryParseExact(id, "D", out var failureId) || await failures.FindAsync(failureId, caller.OnlyOf, cancellationToken) is not { } failure
            || SendEmailJson.TryDeserialize(failure.Value) is not { Html: { } html } mail)
        {
            return TypedResults.NotFound();
        }

        context.Response.Headers.ContentSecurityPolicy = ConsoleHeaders.MailHtml;
        return TypedResults.Text(MailHtml.WithPictures(html, mail), "text/html; charset=utf-8");
    }

    private static async Task<IResult> ReplayAsync(
        string id, HttpContext context, FailureStore failures, FindEmail emails, ChangeStore changes, IOptions<ConsoleOptions> options, Replays replays, ClusterGuard cluster,
        IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        var result = await ReplayFailure.ActAsync(id, await ReasonAsync(context), Actor.Of(context), failures, replays, cluster, lifetime, cancellationToken);
        var done = result.Result is Accepted<ReplayReport> { Value.Produced: true } ? "replayed" : "recorded";
        return await DecidedAsync(id, result, done, context, failures, emails, changes, options, cancellationToken);
    }

    private static async Task<IResult> DiscardAsync(
        string id, HttpContext context, FailureStore failures, FindEmail emails, ChangeStore changes, IOptions<ConsoleOptions> options, CancellationToken cancellationToken) =>
        await DecidedAsync(
            id, await DiscardFailure.ActAsync(id, await ReasonAsync(context), Actor.Of(context), failures, cancellationToken), "discarded",
            context, failures, emails, changes, options, cancellationToken);

    private static async Task<IResult> RestoreAsync(
        string id, HttpContext context, FailureStore failures, FindEmail emails, ChangeStore changes, IOptions<ConsoleOptions> options, CancellationToken cancellationToken) =>
        await DecidedAsync(
            id, await RestoreFailure.ActAsync(id, await ReasonAsync(context), Actor.Of(context), failures, cancellationToken), "restored",
            context, failures, emails, changes, options, cancellationToken);

    /// <summary>The failure's page, with what was done, or with why not.</summary>
    private static async Task<IResult> DecidedAsync(
        string id, INestedHttpResult result, string done, HttpContext context, FailureStore failures, FindEmail emails, ChangeStore changes, IOptions<ConsoleOptions> options,
        CancellationToken cancellationToken)
    {
        var (status, problem) = Forms.Outcome(result);
        if (!Caller.Of(context).Has(KeyScope.Read))
            return Messages.Decided(context, status, problem, Done(done)!);
        return problem is null
            ? TypedResults.LocalRedirect($"~{ConsolePaths.Failures}/{id}?{DoneParameter}={done}")
            : await PageAsync(id, context, status, problem, failures, emails, changes, options, cancellationToken);
    }

    private static async Task<ActionRequest> ReasonAsync(HttpContext context) =>
        new((await context.Request.ReadFormAsync(context.RequestAborted))["reason"].ToString());

    /// <summary>What the URL says was done, in the console's words: a link says nothing of its own.</summary>
    private static string? Done(string done) => done switch
    {
        "replayed" => "The mail was handed to the workers again. What becomes of it shows here.",
        "recorded" => "The replay is recorded. Kafka did not respond in time: the mail is handed over in the background as soon as it does.",
        "edited" => "The mail was handed to the workers as a new one. This failure's own mail stays unsent.",
        "edit-recorded" => "The edit is recorded. Kafka did not respond in time: the new mail is handed over in the background as soon as it does.",
        "restored" => "The failure waits for a decision again.",
        "discarded" => "The failure was discarded: its mail stays unsent.",
        _ => null,
    };

    private static string? TraceUrlOf(Failure failure, ConsoleOptions options)
    {
        var parts = HeaderJson.Read(failure.Headers).FirstOrDefault(header => header.Name == "traceparent")?.Value is { } value ? System.Text.Encoding.ASCII.GetString(value).Split('-') : [];
        return options.TraceUrl is { Length: > 0 } url && parts.Length == 4 && parts[1].Length == 32 && parts[1].All(char.IsAsciiHexDigit)
            ? url.Replace(ConsoleOptions.TraceId, parts[1], StringComparison.Ordinal)
            : null;
    }
}
