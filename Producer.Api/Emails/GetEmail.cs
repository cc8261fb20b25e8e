using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Workers;
using Producer.Api.Ids;
using Producer.Api.Problems;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

/// <summary><c>GET /emails/{id}</c>.</summary>
internal static class GetEmail
{
    private const int MaxFailures = 100;

    public static async Task<Results<Ok<MailReport>, ProblemHttpResult>> HandleAsync(
        string id, MailStore mails, FailureStore failures, WorkerStore workers, MailId ids, MailTopics names, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var mailId))
            return NotFound(id);
        var ours = ids.IsOurs(mailId, out var issuedAt);
        if (await mails.FindAsync(mailId, cancellationToken) is { } view)
            return TypedResults.Ok(await WithWaitAsync(MailReport.Of(view, issuedAt, names), workers, cancellationToken));

        // The worker gave its record up before it could make a row of it: undecodable, or invalid.
        var dead = (await failures.ListAsync(new FailureFilter { MailId = mailId }, MaxFailures, cursor: null, cancellationToken)).Items;
        if (dead.Count > 0)
            return TypedResults.Ok(MailReport.Unreadable(mailId, issuedAt, dead));

        // One of ours without a row: accepted, and no worker has read it yet.
        return ours ? TypedResults.Ok(await WithWaitAsync(MailReport.Unseen(mailId, issuedAt), workers, cancellationToken)) : NotFound(id);
    }

    /// <summary>A mail that is to be sent now says what it waits for, where that is not its turn.</summary>
    private static async Task<MailReport> WithWaitAsync(MailReport mail, WorkerStore workers, CancellationToken cancellationToken) =>
        mail.State is MailState.Queued && await workers.FindPauseAsync(cancellationToken) is { } pause
            ? mail with { Waiting = new WaitReport(pause.Reason, pause.Since) }
            : mail;

    public static ProblemHttpResult NotFound(string id) =>
        ProblemTypes.MailNotFound.Because($"There is no mail '{Texts.Cut(id, 100)}'. The id of a mail is the UUID that POST /emails responded with.");
}
