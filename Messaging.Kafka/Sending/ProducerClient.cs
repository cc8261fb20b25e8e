using Confluent.Kafka;

namespace Messaging.Kafka.Sending;

/// <summary>
/// One client of a <see cref="KafkaProducer"/>, from its first record until what it has taken is settled. Once retired it takes no more,
/// and it is closed when no thread is in a call of it. For any thread.
/// </summary>
internal sealed class ProducerClient
{
    private readonly Lock _lock = new();
    private readonly IProducer<byte[]?, byte[]?> _kafka;
    private readonly KafkaClientFactory _clients;
    private Acknowledgement? _first;
    private int _callers;
    private bool _retired;

    /// <param name="config">Its settings.</param>
    /// <param name="clients">Makes it.</param>
    /// <param name="failed">Told of its fatal error.</param>
    /// <exception cref="InvalidOperationException">The client refuses a setting.</exception>
    public ProducerClient(ProducerConfig config, KafkaClientFactory clients, Action<ProducerClient, Error> failed)
    {
        _clients = clients;
        _kafka = clients.CreateProducer(config, error => failed(this, error));
    }

    /// <summary>Gives it a record.</summary>
    /// <returns>False where it takes no more.</returns>
    /// <exception cref="ProduceException{TKey, TValue}">It does not take this one.</exception>
    public bool TryProduce(TopicPartition target, Message<byte[]?, byte[]?> message, Acknowledgement acknowledgement)
    {
        if (!TryEnter(acknowledgement))
            return false;
        try
        {
            _kafka.Produce(target, message, acknowledgement.Settle);
            return true;
        }
        catch (ProduceException<byte[]?, byte[]?>)
        {
            Settled(acknowledgement);
            throw;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Gives it its brokers again.</summary>
    public void Revive()
    {
        if (!TryEnter(null))
            return;
        try
        {
            _clients.AddBrokers(_kafka);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>A record has been acknowledged, or has failed.</summary>
    public void Settled(Acknowledgement acknowledgement)
    {
        lock (_lock)
        {
            if (!acknowledgement.IsUnderWay)
                return;
            if (acknowledgement.Previous is { } previous)
                previous.Next = acknowledgement.Next;
            else
                _first = acknowledgement.Next;
            acknowledgement.Next?.Previous = acknowledgement.Previous;
            (acknowledgement.Next, acknowledgement.Previous, acknowledgement.IsUnderWay) = (null, null, false);
        }
    }

    /// <summary>Takes no more records.</summary>
    /// <returns>False where it had been retired before.</returns>
    public bool Retire()
    {
        lock (_lock)
        {
            if (_retired)
                return false;
            return _retired = true;
        }
    }

    /// <summary>Sends what a retired client has taken, and closes it. What is not settled by then has an unknown outcome. Blocks.</summary>
    /// <param name="timeout">How long that may take: a record's delivery timeout, after which the client itself gives it up.</param>
    public void Close(TimeSpan timeout)
    {
        SpinWait.SpinUntil(() => Volatile.Read(ref _callers) == 0);
        _kafka.Flush(timeout);
        while (TakeUnderWay() is { } acknowledgement)
            acknowledgement.Abandon();
        _kafka.Dispose();
    }

    private bool TryEnter(Acknowledgement? acknowledgement)
    {
        lock (_lock)
        {
            if (_retired)
                return false;
            Interlocked.Increment(ref _callers);
            if (acknowledgement is null)
                return true;
            acknowledgement.IsUnderWay = true;
            acknowledgement.Next = _first;
            _first?.Previous = acknowledgement;
            _first = acknowledgement;
            return true;
        }
    }

    private void Leave() => Interlocked.Decrement(ref _callers);

    private Acknowledgement? TakeUnderWay()
    {
        var first = Volatile.Read(ref _first);
        if (first is not null)
            Settled(first);
        return first;
    }
}
