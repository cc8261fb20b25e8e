using Contracts;
using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Observability;
using Producer.Api.Problems;
using ServiceDefaults.Logging;

namespace Producer.Api.Emails;

/// <summary>What became of a mail that was to be written.</summary>
internal enum EnqueueOutcome
{
    /// <summary>All in-sync replicas have it.</summary>
    Acknowledged,

    /// <summary>It is certainly not written.</summary>
    NotWritten,

    /// <summary>It may be written, or not.</summary>
    Unknown,
}

/// <summary>What became of it, and what its caller is told where it was not acknowledged.</summary>
internal readonly record struct EnqueueResult(EnqueueOutcome Outcome, ProblemHttpResult? Problem);

/// <summary>Writes an accepted mail to the queue, and says exactly what became of it where that failed.</summary>
internal sealed class AcceptMail(IMailQueue queue, PostedMails posted, IOptions<ApiOptions> options, ApiMetrics metrics, TimeProvider timeProvider, LogLimiter limiter, ILogger<AcceptMail> logger)
{
    /// <summary>Writes the mail.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="mail">The mail, valid.</param>
    /// <param name="apiKeyId">The stored API key that it is accepted under; null where it is none of them.</param>
    /// <remarks>Not canceled when the caller disconnects: a record under way is written or not all the same, and the log says which.</remarks>
    public async Task<EnqueueResult> EnqueueAsync(Guid id, SendEmail mail, Guid? apiKeyId)
    {
        var started = timeProvider.GetTimestamp();
        using var deadline = new CancellationTokenSource(options.Value.AcceptTimeout, timeProvider);
        try
        {
            await queue.EnqueueAsync(id, mail.OrderingKey ?? id.ToString(), mail, apiKeyId, deadline.Token);
            posted.Add(id, mail);
            metrics.Acknowledged(timeProvider.GetElapsedTime(started));
            return new EnqueueResult(EnqueueOutcome.Acknowledged, Problem: null);
        }
        catch (KafkaRecordTooLargeException exception)
        {
            if (Allows("too large"))
                logger.LogWarning("A mail is larger than the topic takes: lower Api:MaxMailBytes or raise the topic's max.message.bytes. {Reason}", exception.Message);
            return new EnqueueResult(EnqueueOutcome.NotWritten, ProblemTypes.TooLarge.Because("The mail is larger than Kafka takes."));
        }
        catch (KafkaProduceException exception) when (exception.Outcome == ProduceOutcome.NotWritten)
        {
            if (Allows("not written"))
                logger.LogWarning("Mail {MailId} was not accepted: {Reason}", id, exception.Message);
            return new EnqueueResult(EnqueueOutcome.NotWritten, ProblemTypes.NotAccepted.Because("Kafka did not take the mail. Post it again."));
        }
        catch (Exception exception) when (exception is KafkaProduceException || deadline.IsCancellationRequested)
        {
            if (Allows("no acknowledgement in time"))
                logger.LogWarning("Whether mail {MailId} was accepted is not known: {Reason}", id, exception.Message);
            return new EnqueueResult(
                EnqueueOutcome.Unknown, ProblemTypes.OutcomeUnknown.Because($"Kafka did not acknowledge mail {id} in time. It may be sent, or not.", ("id", id)));
        }
    }

    /// <summary>
    /// Writes mails one after the other, and none behind one that was not acknowledged, or after the timeout of one: it would be out of turn.
    /// What Kafka never takes, as it is too large, holds up nobody.
    /// </summary>
    /// <param name="mails">The mails, valid, and their ids.</param>
    /// <param name="apiKeyId">As of one mail.</param>
    /// <returns>What became of each, in their order.</returns>
    public async Task<IReadOnlyList<EnqueueResult>> EnqueueInOrderAsync(IEnumerable<(Guid Id, SendEmail Mail)> mails, Guid? apiKeyId)
    {
        var started = timeProvider.GetTimestamp();
        var results = new List<EnqueueResult>();
        var isInTurn = true;
        foreach (var (id, mail) in mails)
        {
            isInTurn &= timeProvider.GetElapsedTime(started) < options.Value.AcceptTimeout;
            var result = isInTurn ? await EnqueueAsync(id, mail, apiKeyId) : OutOfTurn;
            isInTurn &= result.Problem is not { } problem || ProblemResults.CodeOf(problem) == ProblemTypes.TooLarge.Code;
            results.Add(result);
        }

        return results;
    }

    private static EnqueueResult OutOfTurn => new(
        EnqueueOutcome.NotWritten, ProblemTypes.NotAccepted.Because("The mails before it with the same ordering_key were not acknowledged in time. Post it again."));

    private bool Allows(string cause) => limiter.Allows(logger, LogLevel.Warning, "mails that Kafka did not take", cause);
}
