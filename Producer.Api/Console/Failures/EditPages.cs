using System.Globalization;
using System.Text.Json;
using Contracts;
using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Persistence.Keys;
using Persistence.Mails;
using Persistence.Text;
using Producer.Api.Console.Hosting;
using Producer.Api.Console.Pages;
using Producer.Api.Console.Parts;
using Producer.Api.Emails;
using Producer.Api.Failures;
using Producer.Api.Security;

namespace Producer.Api.Console.Failures;

/// <summary>
/// Editing a failed mail: a form, what it changes, and sending that, by the code of <c>POST /failures/{id}/edit</c>. Between the steps the
/// browser has the form and nobody else: whoever sends first is the one who has edited.
/// </summary>
internal static class EditPages
{
    private const string StepField = "step";
    private const string SendStep = "send";
    private const string FormStep = "form";

    public static void Map(RouteGroupBuilder console)
    {
        // It shows the mail: who may not see what is in it cannot change that, either.
        var edit = console.MapGroup("/failures/{id}/edit").RequireScope(KeyScope.Read).RequireScope(KeyScope.Operate);
        edit.MapGet("", ShowAsync);
        edit.MapPost("", StepAsync).AddEndpointFilter(Forms.CheckWithMailAsync);
    }

    private static async Task<IResult> ShowAsync(string id, HttpContext context, FailureStore failures, FindEmail emails, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, context, failures, cancellationToken) is not { } failure)
            return Refused(context);
        var fields = EditField.Of(Edits.OriginalOf(failure));
        return await FormAsync(context, StatusCodes.Status200OK, problem: null, failure, fields, reason: "", emails, cancellationToken);
    }

    private static async Task<IResult> StepAsync(
        string id, HttpContext context, FailureStore failures, FindEmail emails, Edits edits, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, context, failures, cancellationToken) is not { } failure)
            return Refused(context);
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var (fields, reason, step) = (EditField.Of(form), form["reason"].ToString(), form[StepField].ToString());
        if (step == FormStep)
            return await FormAsync(context, StatusCodes.Status200OK, problem: null, failure, fields, reason, emails, cancellationToken);

        var (patch, errors) = EditField.PatchOf(Edits.OriginalOf(failure), fields);
        if (errors.Count > 0)
            return await MarkedAsync(context, StatusCodes.Status422UnprocessableEntity, errors, failure, fields, reason, emails, cancellationToken);
        if (patch.Count == 0)
            return await FormAsync(context, StatusCodes.Status400BadRequest, "Nothing is changed. A replay sends the mail as it was.", failure, fields, reason, emails, cancellationToken);

        var (draft, problem) = await edits.PrepareAsync(id, new EditRequest(JsonSerializer.SerializeToElement(patch), reason), Actor.Of(context), cancellationToken);
        if (draft is not null && step == SendStep)
        {
            var result = await edits.SendAsync(draft, cancellationToken);
            if (result.Result is Accepted<EditReport> { Value: { } sent })
                return TypedResults.LocalRedirect($"~{ConsolePaths.Failure(failure.Id)}?done={(sent.Produced ? "edited" : "edit-recorded")}");
            problem = (ProblemHttpResult)result.Result;
            // Who came first, for the second one.
            failure = await failures.FindAsync(failure.Id, Caller.Of(context).OnlyOf, cancellationToken) ?? failure;
        }

        if (problem?.ProblemDetails.Extensions.TryGetValue("errors", out var wrong) == true && wrong is FieldError[] fieldErrors)
            return await MarkedAsync(context, problem.StatusCode, fieldErrors, failure, fields, reason, emails, cancellationToken);
        if (problem is not null)
            return await FormAsync(context, problem.StatusCode, problem.ProblemDetails.Detail, failure, fields, reason, emails, cancellationToken);
        return WhyClosed(failure) is null
            ? Review(context, draft!, fields, reason)
            : await FormAsync(context, StatusCodes.Status409Conflict, problem: null, failure, fields, reason, emails, cancellationToken);
    }

    private static async Task<Failure?> FindAsync(string id, HttpContext context, FailureStore failures, CancellationToken cancellationToken) =>
        Caller.Of(context) is { ReadsContent: true } caller && Guid.TryParseExact(id, "D", out var failureId) ? await failures.FindAsync(failureId, caller.OnlyOf, cancellationToken) : null;

    private static RazorComponentResult Refused(HttpContext context) => Caller.Of(context).ReadsContent
        ? Messages.NotFound(context, "There is no failure with this id, or none that you may see. Retention removes old ones.")
        : Messages.Make(context, StatusCodes.Status403Forbidden, "Not allowed", "You may see what became of mails, and not what is in them, which is a role of its own. Nothing was done.");

    private static Task<IResult> MarkedAsync(
        HttpContext context, int status, IReadOnlyList<FieldError> errors, Failure failure, IReadOnlyList<EditField> fields, string reason, FindEmail emails, CancellationToken cancellationToken)
    {
        var (marked, others) = EditField.Marked(fields, errors);
        var count = Words.Count(errors.Count, "thing is wrong", "things are wrong");
        return FormAsync(
            context, status, others.Count == 0 ? $"Nothing was sent: {count}, and marked below." : $"Nothing was sent: {count}. {string.Join("; ", others)}.", failure, marked, reason, emails, cancellationToken);
    }

    private static async Task<IResult> FormAsync(
        HttpContext context, int status, string? problem, Failure failure, IReadOnlyList<EditField> fields, string reason, FindEmail emails, CancellationToken cancellationToken)
    {
        var found = failure.MailId is { } mailId ? await emails.FindAsync(mailId, Caller.Of(context), cancellationToken) : null;
        var closed = WhyClosed(failure);
        return PageResults.Of<FailureEdit>(
            new
            {
                Shell = Shell.Of(context, "Edit and send", ConsolePaths.Failures) with { Problem = string.Join(' ', new[] { problem, closed }.OfType<string>()) is { Length: > 0 } told ? told : null },
                failure.Id,
                Fields = fields,
                Reason = reason,
                Kept = Kept(Edits.OriginalOf(failure)),
                Have = (IReadOnlyList<string>)[.. (found?.Report.Recipients ?? []).Where(recipient => recipient.Outcome == RecipientOutcome.Accepted).Select(recipient => recipient.Address)],
                IsOpen = closed is null,
            },
            status);
    }

    private static RazorComponentResult Review(HttpContext context, EditDraft draft, IReadOnlyList<EditField> fields, string reason) => PageResults.Of<FailureEditReview>(new
    {
        Shell = Shell.Of(context, "Edit and send", ConsolePaths.Failures),
        draft.Failure.Id,
        Fields = fields,
        Reason = reason,
        Kept = Kept(draft.Mail),
        draft.LeftOut,
        Recipients = (IReadOnlyList<string>)[.. draft.Mail.Recipients],
        // Of the mails themselves, and not of the forms.
        Changes = (IReadOnlyList<FieldChange>)
        [
            .. from pair in EditField.Of(Edits.OriginalOf(draft.Failure)).Zip(EditField.Of(draft.Mail))
               where pair.First.Text != pair.Second.Text
               select new FieldChange(pair.First.Label, LineDiff.Of(pair.First.Text, pair.Second.Text)),
        ],
    });

    /// <summary>Why a failure is not edited any more; null where it waits for a decision.</summary>
    private static string? WhyClosed(Failure failure)
    {
        if (failure is { Status: FailureStatus.Unresolved, ReplayRequestedAt: null })
            return null;
        var last = failure.Actions.Count > 0 ? failure.Actions[^1] : null;
        var who = last is null ? "" : string.Create(CultureInfo.InvariantCulture, $" {last.Actor} was here before, at {last.At.UtcDateTime:HH:mm} UTC: {last.Action.ToText()}{(last.Reason is { } why ? $", for “{why}”" : "")}.");
        return $"This failure waits for no decision any more: it is {Words.Plain((failure.Status == FailureStatus.Unresolved ? FailureStatus.Replayed : failure.Status).ToText())}.{who} Nothing you write here is sent.";
    }

    /// <summary>What of a mail is kept as it is, in words.</summary>
    private static IReadOnlyList<string> Kept(SendEmail? mail) => mail is null ? [] :
    [
        .. mail.Attachments.Select(file => $"{file.Filename} ({Words.Count(file.Content?.Length ?? 0, "byte")})"),
        .. mail.Calendar is null ? [] : new[] { "the invitation" },
        .. mail.Tags.Count == 0 ? [] : new[] { Words.Count(mail.Tags.Count, "tag") },
        .. mail.OrderingKey is { } key ? new[] { $"the ordering key {key}" } : [],
        .. mail.Stream == MailStream.Transactional ? [] : new[] { $"the stream {mail.Stream.ToText()}" },
    ];
}

/// <summary>A field that differs.</summary>
/// <param name="Label">What it says to people.</param>
/// <param name="Lines">Its lines before and after.</param>
public sealed record FieldChange(string Label, IReadOnlyList<DiffLine> Lines);
