using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Mails;
using Persistence.Text;
using Producer.Api.Problems;
using Producer.Api.Security;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

/// <summary><c>POST /emails/{id}/cancel</c>.</summary>
internal static class CancelEmail
{
    public static async Task<Results<Ok<MailReport>, ProblemHttpResult>> HandleAsync(
        string id, [AsParameters] Actor actor, MailStore mails, ScheduleStore schedules, MailAccess access, MailTopics names, PostedMails posted, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var mailId))
            return GetEmail.NotFound(id);
        if (!actor.TryRead(out var who, out var problem))
            return problem;

        var caller = Caller.Of(actor.Context);
        var issued = access.Find(mailId, caller);
        if (!await access.MayActOnAsync(mailId, issued, caller, cancellationToken))
            return GetEmail.NotFound(id);
        // One of ours without a row gets one: its record, which no worker has read yet, is stale by that.
        var result = await schedules.CancelAsync(mailId, who, issued is not null, issued?.Owner, issued?.At, cancellationToken);
        if (result == CancelResult.NotFound && issued is not null)
            return ProblemTypes.MailNotWaiting.Because("Nothing was done: the mail is so old that its row may have been removed after its time, and it is not known whether it was sent.", ("state", ReportedState.Unknown.ToText()));
        if (result == CancelResult.NotFound || await mails.FindAsync(mailId, cancellationToken) is not { } view)
            return GetEmail.NotFound(id);
        if (result == CancelResult.Refused)
            return ProblemTypes.MailNotWaiting.Because(Explain(view.Mail.State), ("state", view.Mail.State.ToText()));

        loggers.CreateLogger(typeof(CancelEmail)).LogInformation("Mail {MailId} was canceled by {Actor}", mailId, who);
        return TypedResults.Ok(MailReport.Of(view, issued?.At, names, posted.Find(mailId)).SeenBy(caller));
    }

    private static string Explain(MailState state) => state switch
    {
        MailState.Sending => "Nothing was done: a worker is sending the mail at this moment.",
        MailState.Scheduled or MailState.Queued => "Nothing was done: some of the mail's recipients have got it, or may have; it goes on for the others.",
        _ => $"Nothing was done: the mail is {state.ToText()}.",
    };
}
