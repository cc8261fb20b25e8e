using Confluent.Kafka;

namespace Messaging.Kafka.Sending;

/// <summary>
/// What becomes of one record. Whoever waits for it goes on elsewhere: the client's thread has the other reports to bring. It is a link
/// in its client's list of records under way, so that keeping that costs no memory.
/// </summary>
/// <param name="client">The client that has the record.</param>
/// <param name="target">Where the record goes.</param>
/// <param name="message">The record.</param>
/// <param name="settled">Told of the client, of the record's topic, and of the error or that there was none.</param>
/// <param name="sendAlone">Sends it again where the batch that it was in is too large; null: it was alone in it.</param>
internal sealed class Acknowledgement(
    ProducerClient client, TopicPartition target, Message<byte[]?, byte[]?> message, Action<Acknowledgement, Error> settled, Func<Acknowledgement, Task>? sendAlone)
    : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private CancellationTokenRegistration _cancellation;

    /// <summary>The client that has the record.</summary>
    public ProducerClient Client => client;

    /// <summary>Where the record goes.</summary>
    public TopicPartition Target => target;

    /// <summary>The record.</summary>
    public Message<byte[]?, byte[]?> Message => message;

    /// <summary>The record's topic.</summary>
    public string Topic => target.Topic;

    /// <summary>The record's partition, once it is settled.</summary>
    public Partition Partition { get; private set; } = Partition.Any;

    /// <summary>When it was given to the client: a timestamp of the rider's clock.</summary>
    public required long Started { get; init; }

    /// <summary>Its neighbours among the records under way, and whether it is one; the client's own.</summary>
    public Acknowledgement? Next { get; set; }

    /// <inheritdoc cref="Next"/>
    public Acknowledgement? Previous { get; set; }

    /// <inheritdoc cref="Next"/>
    public bool IsUnderWay { get; set; }

    /// <summary>Whoever waits waits no longer than this token lets them; what becomes of the record is counted all the same. Before it is given to the client.</summary>
    public void CancelBy(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.UnsafeRegister(static (state, token) => ((Acknowledgement)state!).TrySetCanceled(token), this);
    }

    /// <summary>The client has not taken the record: nobody waits.</summary>
    public void Withdraw() => _cancellation.Unregister();

    /// <summary>It is acknowledged.</summary>
    public void Succeed()
    {
        _cancellation.Unregister();
        TrySetResult();
    }

    /// <summary>It is not, or nobody knows.</summary>
    public void Fail(Exception exception)
    {
        _cancellation.Unregister();
        TrySetException(exception);
    }

    /// <summary>What the broker, or the client, says of the record.</summary>
    public void Settle(DeliveryReport<byte[]?, byte[]?> report)
    {
        client.Settled(this);
        if (report.Error.Code == ErrorCode.MsgSizeTooLarge && sendAlone is not null)
        {
            _ = sendAlone(this);
            return;
        }

        Partition = report.Partition;
        settled(this, report.Error);
        if (report.Error.IsError)
            Fail(KafkaProducer.ToException(Topic, report.Error, report.Status, new KafkaException(report.Error)));
        else
            Succeed();
    }

    /// <summary>The client is closed and has said nothing.</summary>
    public void Abandon()
    {
        var error = new Error(ErrorCode.Local_PurgeInflight, "its client was closed before the broker had acknowledged it");
        settled(this, error);
        Fail(KafkaProducer.ToException(Topic, error, PersistenceStatus.PossiblyPersisted, new KafkaException(error)));
    }
}
