using Contracts.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Persistence.Failures;
using Persistence.Mails;
using Producer.Api.Ids;
using Producer.Api.Problems;

namespace Producer.Api.Emails;

/// <summary><c>GET /emails/{id}</c>.</summary>
internal static class GetEmail
{
    private const int MaxFailures = 100;

    public static async Task<Results<Ok<MailReport>, ProblemHttpResult>> HandleAsync(
        string id, MailStore mails, FailureStore failures, MailId ids, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var mailId))
            return NotFound(id);
        var ours = ids.IsOurs(mailId, out var issuedAt);
        if (await mails.FindAsync(mailId, cancellationToken) is { } view)
            return TypedResults.Ok(MailReport.Of(view, issuedAt));

        // The worker gave its record up before it could make a row of it: undecodable, or invalid.
        var dead = (await failures.ListAsync(new FailureFilter { MailId = mailId }, MaxFailures, cursor: null, cancellationToken)).Items;
        if (dead.Count > 0)
            return TypedResults.Ok(MailReport.Unreadable(mailId, issuedAt, dead));

        // One of ours without a row: accepted, and no worker has read it yet.
        return ours ? TypedResults.Ok(MailReport.Unseen(mailId, issuedAt)) : NotFound(id);
    }

    public static ProblemHttpResult NotFound(string id) =>
        ProblemTypes.MailNotFound.Because($"There is no mail '{Texts.Cut(id, 100)}'. The id of a mail is the UUID that POST /emails responded with.");
}
