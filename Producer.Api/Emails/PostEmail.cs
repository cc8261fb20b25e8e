using System.Security.Claims;
using Contracts;
using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Ids;
using Producer.Api.Observability;
using Producer.Api.Problems;

namespace Producer.Api.Emails;

/// <summary><c>POST /emails</c>: read, validate, give an id, write to Kafka, and only then say accepted.</summary>
internal sealed class PostEmail(
    IMailQueue queue,
    MailId ids,
    KnownMails known,
    IOptions<ApiOptions> options,
    ApiMetrics metrics,
    TimeProvider timeProvider,
    ILogger<PostEmail> logger)
{
    /// <summary>Tells that the answer is that of an earlier post.</summary>
    public const string ReplayedHeader = "Idempotent-Replayed";

    public static async Task<IResult> HandleAsync(HttpContext context, PostEmail post)
    {
        var result = await post.AcceptAsync(context.Request, context.User, context.RequestAborted);
        post.Count(result);
        return result;
    }

    private async Task<IResult> AcceptAsync(HttpRequest request, ClaimsPrincipal caller, CancellationToken cancellationToken)
    {
        if (!IdempotencyKey.TryRead(request.Headers[IdempotencyKey.HeaderName], out var idempotencyKey, out var fault))
            return ProblemTypes.InvalidIdempotencyKey.Because(fault!);

        var body = await MailBody.ReadAsync(request, options.Value.MaxMailBytes, timeProvider.GetUtcNow(), cancellationToken);
        if (body is not { Mail: { } mail, Canonical: { } canonical })
            return body.Problem!;

        var id = idempotencyKey is null ? ids.New() : ids.Derive(caller.Identity?.Name ?? "", idempotencyKey);
        if (idempotencyKey is not null)
        {
            switch (await known.CompareAsync(id, canonical, cancellationToken))
            {
                case KnownMail.Same:
                    request.HttpContext.Response.Headers[ReplayedHeader] = "true";
                    return Accepted(id);
                case KnownMail.Other:
                    return ProblemTypes.IdempotencyKeyReused.Because(ProblemTypes.IdempotencyKeyReused.Meaning);
            }
        }

        return await EnqueueAsync(id, mail) ?? Accepted(id);
    }

    // Not cancelled by the caller's going away: a record under way is written or not all the same, and the log tells which.
    private async Task<IResult?> EnqueueAsync(Guid id, SendEmail mail)
    {
        var started = timeProvider.GetTimestamp();
        using var deadline = new CancellationTokenSource(options.Value.AcceptTimeout, timeProvider);
        try
        {
            await queue.EnqueueAsync(id, mail.OrderingKey ?? id.ToString(), mail, deadline.Token);
            metrics.Acknowledged(timeProvider.GetElapsedTime(started));
            return null;
        }
        catch (KafkaRecordTooLargeException tooLarge)
        {
            logger.LogWarning("A mail is larger than the topic takes: lower Api:MaxMailBytes or raise the topic's max.message.bytes. {Reason}", tooLarge.Message);
            return ProblemTypes.TooLarge.Because("The mail is larger than Kafka takes.");
        }
        catch (KafkaProduceException exception) when (exception.Outcome == ProduceOutcome.NotWritten)
        {
            logger.LogWarning("Mail {MailId} was not accepted: {Reason}", id, exception.Message);
            return ProblemTypes.NotAccepted.Because("Kafka did not take the mail. Post it again.");
        }
        catch (Exception exception) when (exception is KafkaProduceException || deadline.IsCancellationRequested)
        {
            logger.LogWarning("Whether mail {MailId} was accepted is not known: {Reason}", id, exception.Message);
            return ProblemTypes.OutcomeUnknown.Because(
                $"Kafka did not acknowledge mail {id} in time. It may be sent, or not.", ("id", id));
        }
    }

    private static Accepted<AcceptedMail> Accepted(Guid id) => TypedResults.Accepted(EmailEndpoints.PathOf(id), new AcceptedMail(id));

    private void Count(IResult result) =>
        metrics.Posted(result is ProblemHttpResult problem
            ? problem.ProblemDetails.Extensions[ProblemResults.CodeMember] as string ?? "error"
            : "accepted");
}

/// <summary>The answer to an accepted mail.</summary>
/// <param name="Id">The mail's id, to ask for it by.</param>
internal sealed record AcceptedMail(Guid Id);
