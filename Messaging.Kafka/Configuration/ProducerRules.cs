using Confluent.Kafka;

namespace Messaging.Kafka.Configuration;

/// <summary>What a producer's settings may be: nothing that lets a task complete whose record is not safe. No I/O.</summary>
internal static class ProducerRules
{
    /// <summary>What is wrong: key, and what it is, what is allowed and how to fix it.</summary>
    public static IEnumerable<(string Key, string Message)> Validate(ProducerConfig config)
    {
        if (config.Acks is { } acks && acks != Acks.All)
            yield return ("Acks", $"is {acks}: only All is allowed, as anything less loses acknowledged records when a broker dies; leave it out");
        if (config.EnableIdempotence == false)
            yield return ("EnableIdempotence", "is false: without it a retry writes a record twice and out of order; leave it out");
        if (!string.IsNullOrEmpty(config.TransactionalId))
            yield return ("TransactionalId", $"is {config.TransactionalId}: this rider has no transactions; leave it out, the producer is idempotent without");
        if (config.EnableDeliveryReports == false)
            yield return ("EnableDeliveryReports", "is false: a task could never tell that its record was acknowledged; leave it out");
        if (config.EnableBackgroundPoll == false)
            yield return ("EnableBackgroundPoll", "is false: nobody would poll for the acknowledgements; leave it out");
        if (config.MessageTimeoutMs < 1)
            yield return ("MessageTimeout", $"is {config.MessageTimeoutMs} ms, and must be longer than zero: a record would wait for ever");
        if (config.LingerMs < 0 || config.LingerMs >= config.MessageTimeoutMs)
            yield return ("Linger", $"is {config.LingerMs} ms, and must lie between zero and MessageTimeout ({config.MessageTimeoutMs} ms)");
    }
}
