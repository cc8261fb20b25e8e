using System.Text.Json;
using Contracts;
using Microsoft.Extensions.Options;
using Persistence.Keys;
using Persistence.Mails;
using Persistence.Stats;
using Persistence.Text;
using Producer.Api.Configuration;
using Producer.Api.Console.Hosting;
using Producer.Api.Console.Pages;
using Producer.Api.Console.Parts;
using Producer.Api.Emails;
using Producer.Api.Security;
using ServiceDefaults.Kafka;

namespace Producer.Api.Console.Mails;

/// <summary>Mails: the search, one of them, and what is done about it, by the code of the API.</summary>
internal static class MailPages
{
    private const string DoneParameter = "done";

    public static void Map(RouteGroupBuilder console)
    {
        var mails = console.MapGroup("/mails");
        mails.MapGet("", ListAsync).RequireScope(KeyScope.Read);
        mails.MapGet("/find", Find).RequireScope(KeyScope.Read);
        mails.MapGet("/{id}", ShowAsync).RequireScope(KeyScope.Read);
        mails.MapPost("/{id}/cancel", CancelAsync).RequireScope(KeyScope.Send).AddEndpointFilter(Forms.CheckAsync);
        mails.MapPost("/{id}/reschedule", RescheduleAsync).RequireScope(KeyScope.Send).AddEndpointFilter(Forms.CheckAsync);
    }

    /// <summary>Every filter of the list, in the order in which it is shown.</summary>
    private static Filters FiltersOf(EmailQuery query) => new(ConsolePaths.Mails,
    [
        new FilterField("recipient", "Recipient", query.Recipient) { Example = "ann@example.com" },
        new FilterField("sender", "Sender", query.Sender) { Example = "shop@example.com" },
        new FilterField("state", "State", query.State) { Choices = EnumText.All<MailState>() },
        new FilterField("subject", "Text in the subject", query.Subject),
        new FilterField("tag", "Tag", query.Tag) { Example = "campaign:spring" },
        new FilterField("since", "Read since", query.Since) { Example = "2030-01-31T12:00:00Z" },
        new FilterField("until", "Read before", query.Until) { Example = "2030-02-01T00:00:00Z" },
    ]);

    private static async Task<IResult> ListAsync([AsParameters] EmailQuery query, HttpContext context, MailSearch mails, ChangeStore changes, CancellationToken cancellationToken)
    {
        var shell = Shell.Of(context, "Mails", ConsolePaths.Mails);
        var filters = FiltersOf(query);
        var isFirst = string.IsNullOrEmpty(query.Cursor) && string.IsNullOrEmpty(query.After) && string.IsNullOrEmpty(query.Before);
        try
        {
            var own = Caller.Of(context).OnlyOf;
            var mark = (await changes.FindAsync(cancellationToken)).Mails;
            var page = await mails.ListAsync(query.Filter() with { ApiKeyId = own }, query.PageSize(), await query.FromAsync(mails, own, cancellationToken), cancellationToken);
            return PageResults.Of<MailTable>(new
            {
                Shell = isFirst ? shell with { Live = "mails", Mark = mark } : shell,
                Filters = filters,
                Items = (IReadOnlyList<ListedMail>)[.. page.Items.Select(ListedMail.Of)],
                Next = page.Next is { } next ? MailCursor.Write(next) : null,
                IsFirst = isFirst,
            });
        }
        catch (FormatException exception)
        {
            return PageResults.Of<MailTable>(new { Shell = shell with { Problem = exception.Message }, Filters = filters, IsFirst = true }, StatusCodes.Status400BadRequest);
        }
    }

    /// <summary>From an id that somebody has to its page.</summary>
    private static IResult Find(HttpContext context, string? id) => Guid.TryParseExact(id?.Trim(), "D", out var mailId)
        ? TypedResults.LocalRedirect($"~{ConsolePaths.Mail(mailId)}")
        : Messages.NotFound(context, "That is not the id of a mail. It is the UUID that POST /emails responded with.");

    private static Task<IResult> ShowAsync(string id, HttpContext context, FindEmail find, ChangeStore changes, CancellationToken cancellationToken) =>
        PageAsync(id, context, StatusCodes.Status200OK, problem: null, find, changes, cancellationToken);

    private static async Task<IResult> PageAsync(
        string id, HttpContext context, int status, string? problem, FindEmail find, ChangeStore changes, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var mailId) || await find.FindAsync(mailId, Caller.Of(context), cancellationToken) is not { } found)
            return Messages.NotFound(context, "There is no mail with this id, or none that you may see. Retention removes old ones.");
        var mark = (await changes.FindAsync(cancellationToken)).Failures;
        return PageResults.Of<MailDetail>(
            new
            {
                Shell = Shell.Of(context, $"Mail {Words.EndOf(mailId)}", ConsolePaths.Mails) with
                {
                    Done = Done(context.Request.Query[DoneParameter].ToString()),
                    Problem = problem,
                    // A mail that has ended changes by what people do about its failures alone.
                    Live = found.Report.HasEnded ? "failures" : "clock",
                    Mark = mark,
                },
                Mail = await find.WithWaitAsync(found.Report, cancellationToken),
                Events = found.Events(),
                Api = $"{context.Request.Scheme}://{context.Request.Host}",
            },
            status);
    }

    private static async Task<IResult> CancelAsync(
        string id, HttpContext context, FindEmail find, ChangeStore changes, MailStore mails, ScheduleStore schedules, MailAccess access, MailTopics names, PostedMails posted,
        ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var (status, problem) = Forms.Outcome(await CancelEmail.HandleAsync(id, Actor.Of(context), mails, schedules, access, names, posted, loggers, cancellationToken));
        return await DecidedAsync(id, status, problem, "canceled", context, find, changes, cancellationToken);
    }

    private static async Task<IResult> RescheduleAsync(
        string id, HttpContext context, FindEmail find, ChangeStore changes, MailStore mails, ScheduleStore schedules, MailAccess access, MailTopics names, IOptions<ApiOptions> options,
        TimeProvider timeProvider, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var time = (await context.Request.ReadFormAsync(cancellationToken))[SendEmailFields.ScheduledAt].ToString().Trim();
        var (due, refused) = RescheduleEmail.Read(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { [SendEmailFields.ScheduledAt] = time }), timeProvider.GetUtcNow());
        if (refused is not null)
            return await DecidedAsync(id, refused.StatusCode, refused.ProblemDetails.Detail, done: "", context, find, changes, cancellationToken);
        if (!Guid.TryParseExact(id, "D", out var mailId))
            return await PageAsync(id, context, StatusCodes.Status404NotFound, problem: null, find, changes, cancellationToken);
        var (status, problem) = Forms.Outcome(await RescheduleEmail.ActAsync(mailId, due, Actor.Of(context), mails, schedules, access, names, find, options, timeProvider, loggers, cancellationToken));
        return await DecidedAsync(id, status, problem, "rescheduled", context, find, changes, cancellationToken);
    }

    /// <summary>The mail's page, with what was done, or with why not.</summary>
    private static async Task<IResult> DecidedAsync(
        string id, int status, string? problem, string done, HttpContext context, FindEmail find, ChangeStore changes, CancellationToken cancellationToken)
    {
        if (!Caller.Of(context).Has(KeyScope.Read))
            return Messages.Decided(context, status, problem, Done(done) ?? "");
        return problem is null
            ? TypedResults.LocalRedirect($"~{ConsolePaths.Mails}/{id}?{DoneParameter}={done}")
            : await PageAsync(id, context, status, problem, find, changes, cancellationToken);
    }

    private static string? Done(string done) => done switch
    {
        "canceled" => "The mail is canceled: nothing sends it.",
        "rescheduled" => "The mail has its new time.",
        _ => null,
    };
}
