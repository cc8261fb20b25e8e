namespace Messaging.Kafka.Receiving;

/// <summary>
/// Records of an endpoint that have places of their own, so that those which wait long leave others theirs. What changes here is the
/// <see cref="RecordDispatcher"/>'s, under its lock.
/// </summary>
/// <param name="dispatcher">Whose it is.</param>
/// <param name="number">Its number.</param>
/// <param name="concurrency">How many of its records may run at once.</param>
internal sealed class DispatchLane(RecordDispatcher dispatcher, int number, int concurrency) : IThreadPoolWorkItem
{
    private int _workers;
    private int _lent;

    public int Number => number;

    /// <summary>How many records may run now.</summary>
    public int Places => concurrency + Volatile.Read(ref _lent);

    /// <summary>How many workers take its records.</summary>
    public int Workers
    {
        get => Volatile.Read(ref _workers);
        set => Volatile.Write(ref _workers, value);
    }

    /// <summary>How many of its places are lent.</summary>
    public int Lent
    {
        get => _lent;
        set => Volatile.Write(ref _lent, value);
    }

    /// <summary>How many records were added since workers began for them.</summary>
    public int Added { get; set; }

    /// <summary>Whether another place may be lent: as many as there are, and none where there is one.</summary>
    public bool MayLend => concurrency > 1 && Lent < concurrency;

    /// <inheritdoc cref="RecordDispatcher.LendPlace"/>
    public IDisposable? LendPlace() => dispatcher.LendPlace(this);

    /// <inheritdoc cref="RecordDispatcher.LetNextBegin"/>
    public void LetNextBegin(Delivery delivery) => dispatcher.LetNextBegin(delivery);

    /// <summary>A worker begins.</summary>
    void IThreadPoolWorkItem.Execute() => _ = dispatcher.Work(this);
}
