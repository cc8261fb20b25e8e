using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// One Kafka consumer on a thread of its own, which alone polls, pauses and gives partitions back. It polls on while handlers run
/// and while partitions are paused, so that a slow handler costs no membership.
/// </summary>
internal sealed class ConsumerLoop : IDisposable
{
    /// <summary>How many records are handed over at once at the most: each outbox entry costs locks and may wake threads.</summary>
    private const int BatchSize = 100;

    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WhilePaused = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LagInterval = TimeSpan.FromSeconds(1);

    private readonly ConsumerSettings _settings;
    private readonly IRecordHandler _handler;
    private readonly KafkaClientFactory _clients;
    private readonly TimeProvider _timeProvider;
    private readonly KafkaRiderMetrics _metrics;
    private readonly ILogger _logger;
    private readonly RecordDispatcher _dispatcher;
    private readonly AssignedPartitions _assignments = new();
    private readonly ReadAhead _readAhead;
    private readonly Rebalances _rebalances;
    private readonly List<Delivery> _batch = new(BatchSize);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stopNow = new();
    private readonly ProgressWatchdog _watchdog;
    private IConsumer<byte[]?, byte[]?>? _consumer;
    private OffsetCommitter? _committer;
    private PartitionAssignment? _batchOf;
    private long _batchBytes;
    private long _lagMeasured;
    private Error? _fatal;

    public ConsumerLoop(ConsumerSettings settings, IRecordHandler handler, KafkaHost host, ILogger logger)
    {
        _settings = settings;
        _handler = handler;
        _clients = host.Clients;
        _timeProvider = host.Time;
        _metrics = host.Metrics;
        _logger = logger;
        _dispatcher = new RecordDispatcher(handler, settings, Progressed, _timeProvider, _metrics, logger);
        _readAhead = new ReadAhead(settings, _assignments, () => _dispatcher.IsBusy, _timeProvider);
        _rebalances = new Rebalances(settings, _assignments, _timeProvider, _metrics, logger, _stopNow.Token);
        _watchdog = new ProgressWatchdog(settings.StallTimeout, _timeProvider);
    }

    /// <summary>Completes once the consumer is a member of its group.</summary>
    public Task Ready => _ready.Task;

    /// <summary>What does not move on, or null.</summary>
    public string? Stalled { get; private set; }

    /// <summary>Why the consumer does not run, or null.</summary>
    public string? Fault { get; private set; }

    /// <summary>The consumer group.</summary>
    public string Group => _settings.Group;

    /// <summary>The assigned partitions, for metrics.</summary>
    public IReadOnlyList<PartitionState> Partitions => _assignments.States;

    /// <summary>Makes the consumer, so that wrong settings fail here, and starts its thread.</summary>
    public void Start()
    {
        Build();
        _metrics.Watch(this);
        var thread = new Thread(Run) { IsBackground = true, Name = $"kafka-consumer {_settings.Name}" };
        thread.Start();
    }

    /// <summary>Ends the consumer: no further handler begins, those that run may end, offsets are committed, the group is left.</summary>
    /// <param name="cancellationToken">Cancels the handlers that still run.</param>
    public async Task Stop(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await using var _ = cancellationToken.UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), _stopNow);
        await _stopped.Task;
        _metrics.Forget(this);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _readAhead.Dispose();
        _stopping.Dispose();
        _stopNow.Dispose();
    }

    private void Build()
    {
        // The client would make a new string of the topic's name for every record. Of one topic it is known.
        _settings.Config.ConsumeResultFields = _settings.Topics.Count == 1 ? "timestamp,headers" : "all";
        _consumer = _clients.CreateConsumerBuilder(_settings.Config)
            .SetPartitionsAssignedHandler((_, partitions) => _rebalances.Assigned(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => Revoked(partitions.ConvertAll(partition => partition.TopicPartition)))
            .SetPartitionsLostHandler((_, partitions) => Lost(partitions.ConvertAll(partition => partition.TopicPartition)))
            .SetErrorHandler((_, error) => Noted(error))
            .Build();
        _committer = new OffsetCommitter(_consumer, _settings, _timeProvider, _metrics, _logger);
        _consumer.Subscribe(_settings.Topics);
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                Poll();
                _readAhead.Forget();
                _rebalances.Drain(_consumer!, _committer!, _fatal is null ? wait => ConsumeNext(wait) : null);
                if (_stopping.IsCancellationRequested)
                    break;

                // A fatal error never heals in the client that has it: its successor joins the group anew.
                _logger.LogError("The consumer of {Name} had a fatal error and is replaced: {Reason}", _settings.Name, _fatal?.Reason);
                CloseConsumer();
                _fatal = null;
                if (_stopping.Token.WaitHandle.WaitOne(RestartPause))
                    break;
                Build();
                Fault = null;
            }

            CloseConsumer();
            _stopped.TrySetResult();
        }
#pragma warning disable CA1031 // The thread's last resort: what ends it must be seen, in health and by whoever stops the endpoint.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fault = $"the consumer ended: {exception.Message}";
            _logger.LogCritical(exception, "The consumer of {Name} ended", _settings.Name);
            _ready.TrySetException(exception);
            _stopped.TrySetResult();
        }
    }

    private void Poll()
    {
        while (!_stopping.IsCancellationRequested && _fatal is null)
        {
            _readAhead.ResumeWhatMay(_consumer!);
            _committer!.CommitIfDue(_assignments.All);
            Stalled = _watchdog.Look(_assignments.All);
            MeasureLag();
            if (!_ready.Task.IsCompleted && !string.IsNullOrEmpty(_consumer!.MemberId))
                _ready.TrySetResult();

            if (!_readAhead.WaitsForSpace(_consumer!))
                ReadBatch();
        }
    }

    /// <summary>Reads what is there already, up to a batch; waits for the first record only.</summary>
    private void ReadBatch()
    {
        for (var result = ConsumeNext(PollWait()); result is not null && Admit(result); result = ConsumeNext(TimeSpan.Zero))
        {
            // The batch ends here.
        }

        if (_batchOf is not { } last)
            return;
        OutboxEntry();
        if (_readAhead.IsFull(last) && !last.Draining.IsCancellationRequested)
            _readAhead.Note(last);
    }

    /// <summary>Gives the batch, whose records are all of one partition, to the workers.</summary>
    private void OutboxEntry()
    {
        if (_batchOf is not { } assignment)
            return;
        assignment.Admit(_batch);
        _dispatcher.Enqueue(_batch);
        _batch.Clear();
        (_batchOf, _batchBytes) = (null, 0);
    }

    private ConsumeResult<byte[]?, byte[]?>? ConsumeNext(TimeSpan wait)
    {
        try
        {
            var result = _consumer!.Consume(wait);
            if (result is null || result.IsPartitionEOF)
                return null;
            result.Topic ??= _settings.Topics[0];
            return result;
        }
        catch (ConsumeException exception)
        {
            Noted(exception.Error);
            if (!exception.Error.IsFatal)
            {
                _logger.LogWarning("The consumer of {Name} could not read: {Reason}", _settings.Name, exception.Error.Reason);
                _stopping.Token.WaitHandle.WaitOne(Idle);
            }

            return null;
        }
    }

    private TimeSpan PollWait()
    {
        var wait = Idle;
        foreach (var assignment in _assignments.All)
        {
            if (assignment.PausedForSpace)
                return WhilePaused;
            if (assignment.PausedUntil is { } until)
                wait = Min(wait, until - _timeProvider.GetUtcNow());
        }

        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>From what the last fetch told of the partitions' ends: costs no request.</summary>
    private void MeasureLag()
    {
        if (_timeProvider.GetElapsedTime(_lagMeasured) < LagInterval)
            return;
        _lagMeasured = _timeProvider.GetTimestamp();
        foreach (var assignment in _assignments.All)
            assignment.Lag = assignment.LagTo(_consumer!.GetWatermarkOffsets(assignment.Partition).High.Value);
    }

    /// <summary>Adds a record to the batch.</summary>
    /// <returns>Whether the batch may grow.</returns>
    private bool Admit(ConsumeResult<byte[]?, byte[]?> result)
    {
        if (AssignmentOf(result) is not { } assignment)
            return true;
        if (!ReferenceEquals(_batchOf, assignment))
            OutboxEntry();
        if (!assignment.Follows(result.Offset))
            assignment = BeginAgain(assignment, result.Offset);

        _metrics.Consumed(result.Topic, _settings.Group);
        var delivery = new Delivery(assignment, result);
        _batchOf = assignment;
        _batch.Add(delivery);
        _batchBytes += delivery.Bytes;
        if (_handler.NotBefore(delivery) is { } notBefore && notBefore > _timeProvider.GetUtcNow())
        {
            assignment.PausedUntil = notBefore;
            _consumer!.Pause([assignment.Partition]);
            return false;
        }

        return _batch.Count < BatchSize && !_readAhead.IsFull(assignment, _batch.Count, _batchBytes);
    }

    /// <summary>Mostly that of the record before: a fetch brings many of one partition.</summary>
    private PartitionAssignment? AssignmentOf(ConsumeResult<byte[]?, byte[]?> result) =>
        _batchOf is { } assignment && assignment.Partition.Partition == result.Partition && assignment.Partition.Topic == result.Topic
            ? assignment
            : _assignments.Find(result.TopicPartition);

    /// <summary>
    /// The partition's offsets went back: the topic was made anew, or lost its end with its leader. What was read before belongs to
    /// another life, and its progress must not be committed into this one.
    /// </summary>
    private PartitionAssignment BeginAgain(PartitionAssignment before, Offset offset)
    {
        _logger.LogWarning("{Partition} goes on at offset {Offset} after {Newest}: was the topic made anew?", before.Partition, offset.Value, before.Newest);
        OutboxEntry();
        var assignment = _assignments.Begin(before.Partition);
        assignment.Follows(offset);
        return assignment;
    }

    private void Progressed(PartitionAssignment assignment)
    {
        _committer!.Ended();
        _readAhead.Progressed(assignment);
    }

    private void Revoked(List<TopicPartition> partitions)
    {
        OutboxEntry();
        _rebalances.Revoked(_consumer!, _committer!, partitions);
    }

    private void Lost(List<TopicPartition> partitions)
    {
        OutboxEntry();
        _rebalances.Lost(_consumer!, partitions);
    }

    private void CloseConsumer()
    {
        try
        {
            _consumer!.Close();
        }
        catch (KafkaException exception)
        {
            _logger.LogWarning("The consumer of {Name} did not leave its group: {Reason}", _settings.Name, exception.Error.Reason);
        }

        _consumer!.Dispose();
    }

    private void Noted(Error error)
    {
        if (!error.IsFatal)
            return;
        _fatal = error;
        Fault = error.Reason;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
