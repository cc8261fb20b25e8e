using System.Diagnostics;
using System.Security.Cryptography;
using Contracts;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Ids;
using Producer.Api.Observability;
using Producer.Api.Problems;
using Producer.Api.Requests;
using Producer.Api.Security;

namespace Producer.Api.Emails;

/// <summary><c>POST /emails</c>: read, validate, give an id, write to Kafka, and only then say accepted.</summary>
internal sealed class PostEmail(
    MailId ids, KeyedPosts posts, AcceptMail accept, PostLimit limit, IOptions<ApiOptions> options, TimeProvider timeProvider, ApiMetrics metrics)
{
    /// <summary>Says that the response is that of an earlier post.</summary>
    public const string ReplayedHeader = "Idempotent-Replayed";

    public async Task<Results<AcceptedResult<AcceptedMail>, ProblemHttpResult>> HandleAsync(HttpContext context, IdempotencyKey key, CancellationToken cancellationToken)
    {
        if (!key.IsValid(out var invalid))
            return Refused(invalid);
        var body = await MailBody.ReadAsync(context.Request, options.Value.MaxMailBytes, timeProvider.GetUtcNow(), cancellationToken);
        if (body.Mail is not { } mail)
            return Refused(body.Problem!);
        var caller = Caller.Of(context);
        if (SenderRule.Explain(mail, caller) is { } error)
            return Refused(ProblemTypes.FromNotAllowed.Because($"{SendEmailFields.From} {error}."));
        if (key.Value is not { } value)
        {
            using var place = limit.Take();
            if (place.Problem is { } overloaded)
                return Refused(overloaded);
            var id = ids.New(caller.KeyId);
            return Respond(id, await accept.EnqueueAsync(id, mail.At(timeProvider.GetUtcNow()), caller.KeyId));
        }

        switch (await posts.BeginAsync(caller, value, new KeyedContent(SHA256.HashData(body.Canonical), [mail])))
        {
            case KeyedPost.Refused refused:
                return Refused(refused.Problem);
            case KeyedPost.Repeat repeat:
                context.Response.Headers[ReplayedHeader] = "true";
                return Accepted(repeat.MailId);
            case KeyedPost.Go go:
                var (enqueued, kept) = await posts.ProduceAsync(go, () => accept.EnqueueAsync(go.MailId, mail.At(go.At), caller.KeyId), enqueued => enqueued.Outcome);
                return kept is not null ? Refused(kept) : Respond(go.MailId, enqueued);
            default:
                throw new UnreachableException();
        }
    }

    private Results<AcceptedResult<AcceptedMail>, ProblemHttpResult> Respond(Guid id, EnqueueResult enqueued) =>
        enqueued.Problem is { } problem ? Refused(problem) : Accepted(id);

    private AcceptedResult<AcceptedMail> Accepted(Guid id)
    {
        metrics.Posted(ApiMetrics.Accepted);
        return new AcceptedResult<AcceptedMail>(EmailEndpoints.PathOf(id), new AcceptedMail(id));
    }

    private ProblemHttpResult Refused(ProblemHttpResult problem)
    {
        metrics.Posted(ProblemResults.CodeOf(problem));
        return problem;
    }
}

/// <summary>The response to an accepted mail.</summary>
/// <param name="Id">The mail's id, to ask for it by.</param>
internal sealed record AcceptedMail(Guid Id);
