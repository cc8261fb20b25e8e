using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Reads topics on a thread of its own, which alone polls, pauses and releases partitions. It polls on while handlers run and while
/// partitions are paused, so that a slow handler costs no membership. A client that has failed is replaced.
/// </summary>
internal sealed class ConsumerLoop : IDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WhilePaused = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LagInterval = TimeSpan.FromSeconds(1);

    private readonly ConsumerSettings _settings;
    private readonly KafkaHost _host;
    private readonly ILogger _logger;
    private readonly AssignedPartitions _assignments = new();
    private readonly ReadAhead _readAhead;
    private readonly ConsumeBatch _batch;
    private readonly Rebalances _rebalances;
    private readonly ProgressWatchdog _watchdog;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stopNow = new();
    private ConsumerClient? _client;
    private long _lagMeasured;
    private string? _ended;

    public ConsumerLoop(ConsumerSettings settings, IRecordHandler handler, KafkaHost host, ILogger logger)
    {
        _settings = settings;
        _host = host;
        _logger = logger;
        var dispatcher = new RecordDispatcher(handler, settings, Progressed, host.Time, host.Metrics, logger);
        _readAhead = new ReadAhead(settings, _assignments, () => dispatcher.IsBusy, host.Time);
        _batch = new ConsumeBatch(settings, handler, _assignments, _readAhead, dispatcher, host.Time, host.Metrics, logger);
        _rebalances = new Rebalances(settings, _assignments, _batch, host.Time, host.Metrics, logger, _stopNow.Token);
        _watchdog = new ProgressWatchdog(settings.StallTimeout, host.Time);
    }

    /// <summary>Completes once the consumer is a member of its group.</summary>
    public Task Ready => _ready.Task;

    /// <summary>What does not move on, or null.</summary>
    public string? Stalled { get; private set; }

    /// <summary>Why the consumer does not run, or null.</summary>
    public string? Error => _ended ?? _client?.FatalError?.Reason;

    /// <summary>The consumer group.</summary>
    public string Group => _settings.Group;

    /// <summary>The assigned partitions, for metrics.</summary>
    public IReadOnlyList<PartitionState> Partitions => _assignments.States;

    /// <summary>Makes the client, so that wrong settings fail here, and starts the thread.</summary>
    public void Start()
    {
        _client = Connect();
        _host.Metrics.Watch(this);
        var thread = new Thread(Run) { IsBackground = true, Name = $"kafka-consumer {_settings.Name}" };
        thread.Start();
    }

    /// <summary>Ends the consumer: no further handler begins, those that run may complete, offsets are committed, the group is left.</summary>
    /// <param name="cancellationToken">Cancels the handlers that still run.</param>
    public async Task Stop(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await using var _ = cancellationToken.UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), _stopNow);
        await _stopped.Task;
        _host.Metrics.Forget(this);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _readAhead.Dispose();
        _stopping.Dispose();
        _stopNow.Dispose();
    }

    private ConsumerClient Connect() => new(_settings, _host, _rebalances, _logger, _stopping.Token);

    /// <summary>One client after the other, until the stop.</summary>
    private void Run()
    {
        try
        {
            RunClient(_client!);
            while (!_stopping.IsCancellationRequested)
            {
                _logger.LogError("The consumer of {Name} had a fatal error and is replaced: {Reason}", _settings.Name, Error);
                if (_stopping.Token.WaitHandle.WaitOne(RestartPause))
                    break;
                RunClient(_client = Connect());
            }
        }
        // The thread's last resort: what ends it must be seen, in health and by whoever stops the endpoint.
        catch (Exception exception)
        {
            _ended = $"the consumer ended: {exception.Message}";
            _logger.LogCritical(exception, "The consumer of {Name} ended", _settings.Name);
            _ready.TrySetException(exception);
        }

        _stopped.TrySetResult();
    }

    /// <summary>A client's life: it reads until the stop or a fatal error, its records are drained, and it leaves its group.</summary>
    private void RunClient(ConsumerClient client)
    {
        while (!_stopping.IsCancellationRequested && client.FatalError is null)
            Poll(client);
        _readAhead.Forget();
        _rebalances.Drain(client);
        client.Close();
    }

    private void Poll(ConsumerClient client)
    {
        _readAhead.ResumeWhatMay(client.Kafka);
        client.Committer.CommitIfDue(_assignments.All);
        Stalled = _watchdog.Look(_assignments.All);
        MeasureLag(client);
        if (!_ready.Task.IsCompleted && client.IsMember)
            _ready.TrySetResult();

        if (!_readAhead.WaitsForSpace(client.Kafka))
            _batch.Read(client, PollWait());
    }

    private TimeSpan PollWait()
    {
        var wait = Idle;
        foreach (var assignment in _assignments.All)
        {
            if (assignment.PausedForSpace)
                return WhilePaused;
            if (assignment.PausedUntil - _host.Time.GetUtcNow() is { } left && left < wait)
                wait = left;
        }

        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>From what the last fetch told of the partitions' ends: costs no request.</summary>
    private void MeasureLag(ConsumerClient client)
    {
        if (_host.Time.GetElapsedTime(_lagMeasured) < LagInterval)
            return;
        _lagMeasured = _host.Time.GetTimestamp();
        foreach (var assignment in _assignments.All)
            assignment.Lag = assignment.LagTo(client.Kafka.GetWatermarkOffsets(assignment.Partition).High.Value);
    }

    private void Progressed(PartitionAssignment assignment)
    {
        _client!.Committer.Completed();
        _readAhead.Progressed(assignment);
    }
}
