using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Persistence.Text;
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
        HttpContext context, [AsParameters] IdempotencyKey key, MailId ids, KnownMails known, AcceptMail accept, IOptions<ApiOptions> options,
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

            var id = ids.Derive(context.User.Identity?.Name ?? "", value);
            var found = await known.CompareAsync(id, canonical, cancellationToken);
            switch (found.Known)
            {
                case KnownMail.Same:
                    context.Response.Headers[ReplayedHeader] = "true";
                    return Accepted(id);
                case KnownMail.Other:
                    return ProblemTypes.IdempotencyKeyReused.Because(ProblemTypes.IdempotencyKeyReused.Meaning);
                case KnownMail.Taken:
                    var state = found.State!.Value.ToText();
                    return ProblemTypes.IdempotencyKeyTaken.Because($"The mail under this key is {state}, and a post under it would be dropped. Use a new key.", ("id", id), ("state", state));
                default:
                    return await EnqueueAsync(id);
            }

            async Task<Results<Accepted<AcceptedMail>, ProblemHttpResult>> EnqueueAsync(Guid mailId) =>
                await accept.TryEnqueueAsync(mailId, mail) is { } refused ? refused : Accepted(mailId);
        }
    }

    private static Accepted<AcceptedMail> Accepted(Guid id) => TypedResults.Accepted(EmailEndpoints.PathOf(id), new AcceptedMail(id));
}

/// <summary>The response to an accepted mail.</summary>
/// <param name="Id">The mail's id, to ask for it by.</param>
internal sealed record AcceptedMail(Guid Id);
