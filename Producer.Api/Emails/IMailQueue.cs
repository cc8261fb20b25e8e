using Contracts;
using MassTransit;

namespace Producer.Api.Emails;

/// <summary>Where accepted mails go, and failed ones that are sent again.</summary>
internal interface IMailQueue
{
    /// <summary>Writes a mail; completes when all in-sync replicas have it.</summary>
    /// <param name="id">The mail's id.</param>
    /// <param name="key">The key within which order is kept.</param>
    /// <param name="mail">The mail, valid.</param>
    /// <param name="apiKeyId">The stored API key that it is accepted under; null where it is none of them.</param>
    /// <param name="cancellationToken">Gives up waiting: what becomes of the mail is then unknown.</param>
    /// <exception cref="KafkaProduceException">It was not acknowledged; says whether it may have been written.</exception>
    Task EnqueueAsync(Guid id, string key, SendEmail mail, Guid? apiKeyId, CancellationToken cancellationToken);

    /// <summary>Writes the record of a failed mail again, byte for byte; completes when all in-sync replicas have it.</summary>
    /// <param name="topic">The topic of its stream.</param>
    /// <param name="key">The original key.</param>
    /// <param name="value">The original value.</param>
    /// <param name="headers">The headers to write.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="KafkaProduceException">It was not acknowledged; says whether it may have been written.</exception>
    Task EnqueueAgainAsync(string topic, byte[]? key, byte[]? value, IReadOnlyList<RecordHeader> headers, CancellationToken cancellationToken);
}
