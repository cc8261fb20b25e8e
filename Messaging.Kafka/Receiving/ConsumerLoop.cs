using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Reads topics on a thread of its own, which alone polls, pauses and releases partitions. It polls on while handlers run and while
/// partitions are paused, so that a slow handler costs no membership. Whatever ends its client, another one follows after a pause.
/// </summary>
internal sealed class ConsumerLoop : IDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WhilePaused = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastPause = TimeSpan.FromSeconds(30);

    private readonly ConsumerSettings _settings;
    private readonly KafkaHost _host;
    private readonly ILogger _logger;
    private readonly AssignedPartitions _assignments;
    private readonly ReadAhead _readAhead;
    private readonly ConsumeBatch _batch;
    private readonly Rebalances _rebalances;
    private readonly RecreatedTopics _recreated;
    private readonly DeletedRecords _deleted;
    private readonly ProgressWatchdog _watchdog;
    private readonly ConsumerLag _lag;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stopNow = new();
    private ConsumerClient? _client;
    private ConsumerWatch _watch;
    private string? _failed;

    public ConsumerLoop(ConsumerSettings settings, IRecordHandler handler, KafkaHost host, ILogger logger)
    {
        _settings = settings;
        _host = host;
        _logger = logger;
        _assignments = new AssignedPartitions(logger);
        var dispatcher = new RecordDispatcher(handler, settings, Progressed, host.Time, host.Metrics, logger);
        _readAhead = new ReadAhead(settings, _assignments, () => dispatcher.IsBusy, host.Time);
        _deleted = new DeletedRecords(settings, _assignments, host, logger, _stopping.Token);
        _batch = new ConsumeBatch(settings, handler, _assignments, _readAhead, dispatcher, _deleted, host.Time, host.Metrics, logger);
        _rebalances = new Rebalances(settings, _assignments, _batch, host.Time, host.Metrics, logger, _stopNow.Token);
        _recreated = new RecreatedTopics(settings, _assignments, _batch, _readAhead, host.Topics, logger);
        _watchdog = new ProgressWatchdog(settings.StallTimeout, host.Time);
        _lag = new ConsumerLag(settings, _assignments, host, logger);
        _watch = NewWatch();
    }

    /// <summary>Completes once the consumer is a member of its group.</summary>
    public Task Ready => _ready.Task;

    /// <summary>What does not move on, or null.</summary>
    public string? Stalled { get; private set; }

    /// <summary>Why the consumer does not read, or null.</summary>
    public string? Error => _failed ?? _watch.Problem;

    /// <summary>The consumer group.</summary>
    public string Group => _settings.Group;

    /// <summary>The assigned partitions, or all where the consumer is out of its group, for metrics.</summary>
    public IReadOnlyList<PartitionState> Partitions => _lag.Unassigned is { Count: > 0 } unassigned ? unassigned : _assignments.States;

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
        _lag.Dispose();
        _stopping.Dispose();
        _stopNow.Dispose();
    }

    private ConsumerClient Connect() => new(_settings, _host, _rebalances, _logger, _stopping.Token);

    private ConsumerWatch NewWatch() => new(_settings, _assignments, _host, _logger);

    /// <summary>One client after the other, until the stop.</summary>
    private void Run()
    {
        var pause = FirstPause;
        while (!_stopping.IsCancellationRequested)
        {
            var begun = _host.Time.GetTimestamp();
            if (RunClient() is not { } failure)
                break;

            _host.Metrics.Recovered("consumer", ClientRemedy.Replace, failure.Type, _settings.Group);
            if (failure.IsFinal)
            {
                _failed = $"the consumer ended: {failure.Reason}";
                _logger.LogCritical(failure.Exception, "The consumer of {Name} ended: {Reason}", _settings.Name, failure.Reason);
                _ready.TrySetException(failure.Exception ?? new InvalidOperationException(_failed));
                break;
            }

            if (_host.Time.GetElapsedTime(begun) > LastPause)
                pause = FirstPause;
            _failed = $"the consumer failed and is replaced: {failure.Reason}";
            _logger.LogError(failure.Exception, "The consumer of {Name} failed and is replaced in {Pause}: {Reason}", _settings.Name, pause, failure.Reason);
            if (_stopping.Token.WaitHandle.WaitOne(pause))
                break;
            pause = Backoff.Next(pause, LastPause);
        }

        _stopped.TrySetResult();
    }

    /// <summary>A client's life: it reads until the stop or a failure, its records are drained, and it leaves its group.</summary>
    /// <returns>Why it ended; null: because of the stop.</returns>
    private ConsumerFailure? RunClient()
    {
        ConsumerFailure? failure = null;
        try
        {
            var client = _client ??= Connect();
            while (failure is null && !_stopping.IsCancellationRequested)
                failure = Poll(client);
            if (failure is null)
                _rebalances.Drain(client, isMember: client.IsMember);
        }
        // Whatever a poll throws (a callback of the application, a refused assignment): it is seen, and another client follows.
        catch (Exception exception)
        {
            failure = ConsumerFailure.Of(exception);
        }

        if (_client is { } ended)
            End(ended, failure);
        _client = null;
        return failure;
    }

    private void End(ConsumerClient client, ConsumerFailure? failure)
    {
        try
        {
            _readAhead.Forget();
            if (failure is not null)
                _rebalances.Drain(client, isMember: !failure.EndsMembership && client.IsMember);
        }
        // What the client cannot do any more must not keep it from leaving its group.
        catch (Exception exception)
        {
            _logger.LogWarning(exception, "The consumer of {Name} could not end well: {Reason}", _settings.Name, exception.Message);
        }

        _rebalances.Abandon();
        client.Close();
        _watch = NewWatch();
    }

    private ConsumerFailure? Poll(ConsumerClient client)
    {
        if (client.FatalError is { } error)
            return ConsumerFailure.Of(error);
        _recreated.Look(client);
        _deleted.Look(client);
        _readAhead.ResumeWhatMay(client.Kafka);
        client.Committer.CommitIfDue(_assignments.All);
        Stalled = _watchdog.Look(_assignments.All) ?? client.Committer.Overdue;
        _lag.Measure(client, outOfGroup: _watch.Problem is not null);
        if (!_ready.Task.IsCompleted && (client.IsMember || _watch.HasNothingToRead))
            _ready.TrySetResult();
        if (_failed is not null && client.IsMember)
            _failed = null;
        if (_watch.Look(client) is { } problem)
            return new ConsumerFailure(problem, "not_in_group", EndsMembership: !client.IsMember);

        if (!_readAhead.WaitsForSpace(client.Kafka))
            _batch.Read(client, PollWait());
        return null;
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

    /// <summary>For the threads of handlers, which may outlive the client that read their records.</summary>
    private void Progressed(PartitionAssignment assignment)
    {
        _client?.Committer.Completed();
        _readAhead.Progressed(assignment);
    }
}
