using System.Diagnostics;
using System.Security.Cryptography;
using Contracts;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Ids;
using Producer.Api.Observability;
using Producer.Api.Problems;
using Producer.Api.Security;

namespace Producer.Api.Emails;

/// <summary><c>POST /emails</c>: read, validate, give an id, write to Kafka, and only then say accepted.</summary>
internal static class PostEmail
{
    /// <summary>Says that the response is that of an earlier post.</summary>
    public const string ReplayedHeader = "Idempotent-Replayed";

    public static async Task<Results<Accepted<AcceptedMail>, ProblemHttpResult>> HandleAsync(
        HttpContext context, [AsParameters] IdempotencyKey key, MailId ids, KeyedPosts posts, AcceptMail accept, IOptions<ApiOptions> options,
        TimeProvider timeProvider, ApiMetrics metrics, CancellationToken cancellationToken)
    {
        var result = await PostAsync();
        metrics.Posted(result.Result is ProblemHttpResult { ProblemDetails: var problem } ? problem.Extensions[ProblemResults.CodeMember] as string ?? "error" : ApiMetrics.Accepted);
        return result;

        async Task<Results<Accepted<AcceptedMail>, ProblemHttpResult>> PostAsync()
        {
            if (!key.IsValid(out var invalid))
                return invalid;
            var body = await MailBody.ReadAsync(context.Request, options.Value.MaxMailBytes, timeProvider.GetUtcNow(), cancellationToken);
            if (body.Mail is not { } mail)
                return body.Problem!;
            var caller = Caller.Of(context);
            if (SenderRule.Explain(mail, caller) is { } error)
                return ProblemTypes.FromNotAllowed.Because($"{SendEmailFields.From} {error}.");
            if (key.Value is not { } value)
            {
                var id = ids.New(caller.KeyId);
                return Respond(id, await accept.EnqueueAsync(id, mail.At(timeProvider.GetUtcNow()), caller.KeyId));
            }

            switch (await posts.BeginAsync(caller, value, SHA256.HashData(body.Canonical)))
            {
                case KeyedPost.Refused refused:
                    return refused.Problem;
                case KeyedPost.Repeat repeat:
                    context.Response.Headers[ReplayedHeader] = "true";
                    return Accepted(repeat.MailId);
                case KeyedPost.Go go:
                    return Respond(go.MailId, await posts.ProduceAsync(go, () => accept.EnqueueAsync(go.MailId, mail.At(go.At), caller.KeyId), enqueued => enqueued.Outcome));
                default:
                    throw new UnreachableException();
            }
        }
    }

    private static Results<Accepted<AcceptedMail>, ProblemHttpResult> Respond(Guid id, EnqueueResult enqueued) =>
        enqueued.Problem is { } problem ? problem : Accepted(id);

    private static Accepted<AcceptedMail> Accepted(Guid id) => TypedResults.Accepted(EmailEndpoints.PathOf(id), new AcceptedMail(id));
}

/// <summary>The response to an accepted mail.</summary>
/// <param name="Id">The mail's id, to ask for it by.</param>
internal sealed record AcceptedMail(Guid Id);
