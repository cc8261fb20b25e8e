namespace Messaging.Kafka;

/// <summary>What is done about a client that does not work while Kafka answers others.</summary>
internal enum ClientRemedy
{
    /// <summary>Nothing, for now.</summary>
    None,

    /// <summary>
    /// It is given the bootstrap servers again, which revives one that has forgotten all of its brokers
    /// (https://github.com/confluentinc/librdkafka/issues/5301). Each time costs a little memory: on suspicion only.
    /// </summary>
    AddBrokers,

    /// <summary>It is closed, and another one takes its place.</summary>
    Replace,
}

/// <summary>
/// Decides when a client is dead. librdkafka may stop working without an error or a callback; that others get answers while it gets
/// none is all that shows it. No I/O; for any thread.
/// </summary>
/// <param name="reviveAfter">How long it may fail while Kafka answers before it is revived, and after that before it is replaced.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class ClientWatch(TimeSpan reviveAfter, TimeProvider timeProvider)
{
    private readonly Lock _lock = new();
    private volatile bool _suspected;
    private long _since;
    private bool _revived;

    /// <summary>The client works.</summary>
    public void Works()
    {
        if (!_suspected)
            return;
        lock (_lock)
            (_suspected, _revived) = (false, false);
    }

    /// <summary>The client fails.</summary>
    /// <param name="kafkaAnswers">Whether Kafka answers others. While it does not, the client is not to blame.</param>
    /// <returns>What is to be done now; each remedy is told once, and after the last it all begins again.</returns>
    public ClientRemedy Fails(bool kafkaAnswers)
    {
        if (!kafkaAnswers)
        {
            Works();
            return ClientRemedy.None;
        }

        lock (_lock)
        {
            var now = timeProvider.GetTimestamp();
            if (!_suspected)
                (_suspected, _since) = (true, now);

            var failed = timeProvider.GetElapsedTime(_since, now);
            if (!_revived && failed >= reviveAfter)
            {
                (_revived, _since) = (true, now);
                return ClientRemedy.AddBrokers;
            }

            if (!_revived || failed < reviveAfter)
                return ClientRemedy.None;
            (_suspected, _revived) = (false, false);
            return ClientRemedy.Replace;
        }
    }
}
