using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Ids;
using Producer.Api.Observability;
using Producer.Api.Problems;

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
            if (body is not { Mail: { } mail, Canonical: { } canonical })
                return body.Problem!;
            if (key.Value is not { } value)
                return await EnqueueAsync(ids.New());

            switch (await posts.BeginAsync(context.User.Identity?.Name ?? "", value, SHA256.HashData(canonical)))
            {
                case KeyedPost.Refused refused:
                    return refused.Problem;
                case KeyedPost.Repeat repeat:
                    context.Response.Headers[ReplayedHeader] = "true";
                    return Accepted(repeat.MailId);
                case KeyedPost.Go go:
                    return await EnqueueKeyedAsync(go);
                default:
                    throw new UnreachableException();
            }

            async Task<Results<Accepted<AcceptedMail>, ProblemHttpResult>> EnqueueKeyedAsync(KeyedPost.Go go)
            {
                var outcome = EnqueueOutcome.Unknown;
                try
                {
                    var enqueued = await accept.EnqueueAsync(go.MailId, mail.At(go.At));
                    outcome = enqueued.Outcome;
                    return enqueued.Problem is { } problem ? problem : Accepted(go.MailId);
                }
                finally
                {
                    await posts.CompleteAsync(go, outcome);
                }
            }

            async Task<Results<Accepted<AcceptedMail>, ProblemHttpResult>> EnqueueAsync(Guid mailId) =>
                (await accept.EnqueueAsync(mailId, mail.At(timeProvider.GetUtcNow()))).Problem is { } refused ? refused : Accepted(mailId);
        }
    }

    private static Accepted<AcceptedMail> Accepted(Guid id) => TypedResults.Accepted(EmailEndpoints.PathOf(id), new AcceptedMail(id));
}

/// <summary>The response to an accepted mail.</summary>
/// <param name="Id">The mail's id, to ask for it by.</param>
internal sealed record AcceptedMail(Guid Id);
