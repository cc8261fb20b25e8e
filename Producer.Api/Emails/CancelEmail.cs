using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Mails;
using Persistence.Text;
using Producer.Api.Failures;
using Producer.Api.Ids;
using Producer.Api.Problems;

namespace Producer.Api.Emails;

/// <summary><c>POST /emails/{id}/cancel</c>.</summary>
internal sealed class CancelEmail(MailStore mails, ScheduleStore schedules, MailId ids, ILogger<CancelEmail> logger)
{
    public static Task<Results<Ok<MailReport>, ProblemHttpResult>> HandleAsync(string id, HttpContext context, CancelEmail cancel) =>
        cancel.CancelAsync(id, context);

    private async Task<Results<Ok<MailReport>, ProblemHttpResult>> CancelAsync(string id, HttpContext context)
    {
        if (!Guid.TryParseExact(id, "D", out var mailId))
            return ProblemTypes.MailNotFound.Because("The id of a mail is a UUID, as POST /emails answers it.");
        if (Actor.Of(context.Request, context.User, out var fault) is not { } actor)
            return ProblemTypes.InvalidRequest.Because(fault!);

        // One of ours without a row gets one: its record, which no worker has read yet, is stale by that.
        var ours = ids.IsOurs(mailId, out var issuedAt);
        var result = await schedules.CancelAsync(mailId, actor, ours, context.RequestAborted);
        if (result == CancelResult.NotFound || await mails.FindAsync(mailId, context.RequestAborted) is not { } view)
            return ProblemTypes.MailNotFound.Because($"There is no mail {mailId}.");
        if (result == CancelResult.Refused)
            return ProblemTypes.MailNotWaiting.Because(Explain(view), ("state", view.Mail.State.ToText()));

        logger.LogInformation("Mail {MailId} was canceled by {Actor}", mailId, actor);
        return TypedResults.Ok(MailReport.Of(view, issuedAt));
    }

    private static string Explain(MailView view) => view.Mail.State switch
    {
        MailState.Sending => "Nothing was done: a worker is sending the mail at this moment.",
        MailState.Scheduled or MailState.Queued => "Nothing was done: some of the mail's recipients have got it, or may have; it goes on for the others.",
        var state => $"Nothing was done: the mail is {state.ToText()}.",
    };
}
