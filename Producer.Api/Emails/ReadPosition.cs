using Confluent.Kafka;
using Messaging.Kafka.Inspection;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

/// <summary>
/// Until when all mails that Kafka took have been read, and written down, by the workers: what they have committed, held against the ends that the
/// topics had at an earlier look. A mail from before that which has no row has none any more. For any thread; Kafka is asked once a second at most.
/// </summary>
internal sealed class ReadPosition(KafkaInspector kafka, MailTopics names, TimeProvider timeProvider, ILogger<ReadPosition> logger) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly ReadMark _mark = new();
    private long? _asked;

    /// <summary>Until when; null where that was not seen yet, as while Kafka does not respond.</summary>
    public async Task<DateTimeOffset?> FindAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_asked is { } asked && timeProvider.GetElapsedTime(asked) < Pause)
                return _mark.Until;
            try
            {
                await LookAsync(cancellationToken);
            }
            catch (KafkaException exception)
            {
                logger.LogDebug("How far the workers have read could not be asked: {Reason}", exception.Error.Reason);
            }

            _asked = timeProvider.GetTimestamp();
            return _mark.Until;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var at = timeProvider.GetUtcNow();
        var partitions = await kafka.ListAsync(topic => names.IsMails(topic) || topic == names.DeadLetters, Timeout, cancellationToken);
        var mails = await kafka.ProgressAsync(names.Group, [.. partitions.Where(partition => names.IsMails(partition.Topic))], Timeout, cancellationToken);
        if (mails.Count == 0)
            return;
        // What could not be read is a dead letter by then, and its row is its failure: asked after the mails.
        var deadLetters = await kafka.ProgressAsync(names.DeadLetterGroup, [.. partitions.Where(partition => partition.Topic == names.DeadLetters)], Timeout, cancellationToken);
        _mark.See(at, mails, hasDeadLetters: deadLetters.Any(partition => partition.Lag > 0));
    }

    /// <summary>Decides from looks at the topics until when all was read.</summary>
    internal sealed class ReadMark
    {
        private (DateTimeOffset At, Dictionary<(string Topic, int Partition), long> Ends)? _earlier;

        /// <summary>Until when; null where that was not seen yet.</summary>
        public DateTimeOffset? Until { get; private set; }

        /// <summary>Takes a look in.</summary>
        /// <param name="at">When it began: all that was acknowledged before is below the ends that it saw.</param>
        /// <param name="mails">How far the workers are in the topics of mails.</param>
        /// <param name="hasDeadLetters">Whether dead letters wait to become failures.</param>
        public void See(DateTimeOffset at, IReadOnlyList<PartitionProgress> mails, bool hasDeadLetters)
        {
            var ends = mails.ToDictionary(partition => (partition.Topic, partition.Partition), partition => partition.End);
            if (!hasDeadLetters && mails.All(partition => partition.Lag == 0))
                (Until, _earlier) = (at, null);
            else if (_earlier is not { } earlier || earlier.Ends.Any(end => !ends.TryGetValue(end.Key, out var now) || now < end.Value))
                // The first look, or the topics are not those that they were.
                _earlier = (at, ends);
            else if (!hasDeadLetters && mails.All(partition => partition.Position >= earlier.Ends.GetValueOrDefault((partition.Topic, partition.Partition))))
                (Until, _earlier) = (earlier.At, (at, ends));
        }
    }
}
