namespace Messaging.Kafka.Receiving;

/// <summary>What a consumer does with its records.</summary>
internal interface IRecordHandler
{
    /// <summary>Whose records must not overtake one another: the key's hash, or null for no order.</summary>
    int? OrderingKey(Delivery delivery);

    /// <summary>
    /// When the partition may be read further; null at once. A partition whose next record is not due is paused, with that one
    /// record in memory and the rest in Kafka.
    /// </summary>
    DateTimeOffset? NotBefore(Delivery delivery);

    /// <summary>
    /// Handles a record. It returns when the record is completed (handled, or durably written elsewhere) and its offset may move, or throws
    /// <see cref="OperationCanceledException"/> when the record's assignment ended first. It throws nothing else.
    /// </summary>
    Task Handle(Delivery delivery);
}
