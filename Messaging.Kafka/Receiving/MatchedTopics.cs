namespace Messaging.Kafka.Receiving;

/// <summary>
/// Whether there is any topic that a pattern matches: librdkafka joins the group with the first one only. Asked for in the background, and
/// only while that matters. The poll thread's own.
/// </summary>
internal sealed class MatchedTopics(ConsumerSettings settings, ClusterMonitor cluster, TimeProvider timeProvider)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private Task<bool>? _asking;
    private long _asked;

    /// <summary>Whether there was none when Kafka was last asked; false where that is not known, or topics are read by name.</summary>
    public bool AreNone { get; private set; }

    /// <summary>Asks again, where it is time.</summary>
    public void Look()
    {
        if (settings.Pattern is null)
            return;
        if (_asking is { IsCompleted: true } done)
        {
            AreNone = done.IsCompletedSuccessfully && !done.Result;
            _ = done.Exception;
            _asking = null;
        }

        if (_asking is not null || (_asked != 0 && timeProvider.GetElapsedTime(_asked) < Interval))
            return;
        _asked = timeProvider.GetTimestamp();
        _asking = cluster.AskBlockingAsync(admin => ClusterMonitor.AskForBrokers(admin, Interval).Topics.Exists(topic => settings.Reads(topic.Topic)));
    }
}
