using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>
/// Asks the cluster for its brokers every few seconds: whether Kafka can be reached shows in no other way while nothing is read or
/// written. It trusts no client of its own: one that gets no answer for a while is replaced.
/// </summary>
internal sealed class ClusterMonitor(KafkaClientFactory clients, TimeSpan unreachableAfter, TimeProvider timeProvider, KafkaRiderMetrics metrics, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    // Of a run, from a start to a stop.
    private CancellationTokenSource _stopping = new();
    private RenewedClient<IAdminClient> _client = null!;
    private Task _running = Task.CompletedTask;
    private volatile Outage? _away;
    private volatile bool _seen;

    /// <summary>Why and since when the cluster is out of reach; null while it answers, or has been away for a moment only.</summary>
    public Outage? Unreachable =>
        _away is { } away && (!_seen || timeProvider.GetUtcNow() - away.Since >= unreachableAfter) ? away : null;

    /// <summary>The most brokers that there have been.</summary>
    public int Brokers { get; private set; }

    /// <summary>Whether the cluster has ever answered.</summary>
    public bool Seen => _seen;

    /// <summary>Whether the cluster answered when it was last asked.</summary>
    public bool Answers => _seen && _away is null;

    /// <summary>Starts asking.</summary>
    public void Start()
    {
        _stopping = new CancellationTokenSource();
        _client = new RenewedClient<IAdminClient>(() => clients.CreateAdminClient(), timeProvider, () =>
        {
            metrics.Recovered("admin", ClientRemedy.Replace, null);
            logger.LogWarning("A client has got no answer from Kafka: another one asks");
        });
        (_away, _seen) = (null, false);
        _running = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Stops asking.</summary>
    public async Task Stop()
    {
        await _stopping.CancelAsync();
        await _running;
        _client.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Asks the cluster something else.</summary>
    /// <exception cref="KafkaException">It does not answer, or refuses.</exception>
    /// <inheritdoc cref="RenewedClient{TClient}.AskAsync" path="/param"/>
    public Task<T> AskAsync<T>(Func<IAdminClient, Task<T>> ask, TimeSpan timeout) => _client.AskAsync(ask, timeout);

    /// <summary>Asks what blocks the client, on a thread of its own that may.</summary>
    /// <inheritdoc cref="AskAsync" path="/exception"/>
    public Task<T> AskBlockingAsync<T>(Func<IAdminClient, T> ask) =>
        Task.Factory.StartNew(() => _client.Ask(ask), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Creates topics by asking for them, as librdkafka's mock cluster has no other way. Blocks.</summary>
    /// <exception cref="KafkaException">It does not answer.</exception>
    public void CreateByAsking(IEnumerable<string> topics)
    {
        using var client = clients.CreateAdminClient(createsTopics: true);
        foreach (var topic in topics)
            client.GetMetadata(topic, Timeout);
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
        do
        {
            try
            {
                Brokers = Math.Max(Brokers, _client.Ask(admin => AskForBrokers(admin, Timeout)).Brokers.Count);
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

    /// <summary>A broker that stops may answer with no broker at all, which is not an answer.</summary>
    /// <exception cref="KafkaException">The cluster does not answer.</exception>
    public static Metadata AskForBrokers(IAdminClient admin, TimeSpan timeout) => admin.GetMetadata(timeout) is { Brokers.Count: > 0 } metadata
        ? metadata
        : throw new KafkaException(new Error(ErrorCode.Local_AllBrokersDown, "the cluster names no broker"));
}

/// <summary>A cluster that does not answer.</summary>
/// <param name="Since">Since when.</param>
/// <param name="Reason">What the client said of it.</param>
internal sealed record Outage(DateTimeOffset Since, string Reason);
