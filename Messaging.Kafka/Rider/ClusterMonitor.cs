using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>
/// Asks the cluster for its brokers every few seconds: whether Kafka can be reached shows in no other way while nothing is read or
/// written.
/// </summary>
internal sealed class ClusterMonitor(KafkaClientFactory clients, TimeSpan unreachableAfter, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;
    private volatile Outage? _away;
    private volatile bool _seen;

    /// <summary>Why and since when the cluster is out of reach; null while it answers, or has been away for a moment only.</summary>
    public Outage? Unreachable =>
        _away is { } away && (!_seen || timeProvider.GetUtcNow() - away.Since >= unreachableAfter) ? away : null;

    /// <summary>Whether the cluster has ever answered.</summary>
    public bool Seen => _seen;

    /// <summary>Starts asking.</summary>
    public void Start() => _running = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Stops asking.</summary>
    public async Task Stop()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    /// <summary>Notes that somebody could not reach the cluster.</summary>
    public void Report(KafkaException exception)
    {
        if (_away is not null)
            return;
        _away = new Outage(timeProvider.GetUtcNow(), exception.Error.Reason);
        logger.LogWarning("Kafka does not answer: {Reason}", exception.Error.Reason);
    }

    private void Run()
    {
        using var admin = clients.CreateAdminClient();
        do
        {
            try
            {
                admin.GetMetadata(Timeout);
                if (_away is { } away)
                    logger.LogInformation("Kafka answers again, after {Duration}", timeProvider.GetUtcNow() - away.Since);
                _away = null;
                _seen = true;
                clients.ForgetRefusal();
            }
            catch (KafkaException exception)
            {
                Report(exception);
            }
        }
        while (!_stopping.Token.WaitHandle.WaitOne(Interval));
    }
}

/// <summary>A cluster that does not answer.</summary>
/// <param name="Since">Since when.</param>
/// <param name="Reason">What the client said of it.</param>
internal sealed record Outage(DateTimeOffset Since, string Reason);
