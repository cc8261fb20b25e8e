using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Sees to it that a consumer takes part in its group: one that does not while Kafka answers is given its brokers again, and replaced
/// where that does not help. The poll thread's own.
/// </summary>
internal sealed class ConsumerWatch(ConsumerSettings settings, AssignedPartitions assignments, KafkaHost host, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>How long a consumer may be out of its group before health says so: longer than it takes to join again.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly ClientWatch _watch = new(host.ReviveAfter, host.Time);
    private readonly GroupOwnership _ownership = new(settings, host.Cluster, host.Time);
    private readonly MatchedTopics _matched = new(settings, host.Cluster, host.Time);
    private long _looked;
    private DateTimeOffset? _outSince;

    /// <summary>Whether it is not a member of its group because its pattern matches no topic yet.</summary>
    public bool HasNothingToRead { get; private set; }

    /// <summary>What keeps the consumer from its partitions, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>Looks at most once a second.</summary>
    /// <returns>Why the client must be replaced, or null.</returns>
    public string? Look(ConsumerClient client)
    {
        if (_looked != 0 && host.Time.GetElapsedTime(_looked) < Interval)
            return null;
        _looked = host.Time.GetTimestamp();

        var memberId = client.MemberId;
        if (memberId is not null)
            client.ForgetGroupRefusal();
        else
            _matched.Look();
        HasNothingToRead = memberId is null && _matched.AreNone;
        var what = client.Refusal is { } refusal ? refusal
            : HasNothingToRead ? null
            : memberId is null ? $"is not a member of group {settings.Group}"
            : assignments.Count == 0 && _ownership.MissesPartitions(memberId) ? "has no partition, while there are some that nobody reads"
            : null;
        if (what is null)
        {
            _watch.Works();
            (_outSince, Problem) = (null, null);
            return null;
        }

        var now = host.Time.GetUtcNow();
        _outSince ??= now;
        if (client.Refusal is not null || now - _outSince >= Grace)
            Problem = FormattableString.Invariant($"{what}, since {_outSince:O}");

        switch (_watch.Fails(host.Cluster.Answers))
        {
            // One that is refused knows its brokers well enough.
            case ClientRemedy.AddBrokers when client.Refusal is null:
                logger.LogWarning("The consumer of {Name} {Problem} for {Duration} while Kafka answers: it is given its brokers again", settings.Name, what, host.ReviveAfter);
                host.Metrics.Recovered("consumer", ClientRemedy.AddBrokers, null, settings.Group);
                host.Clients.AddBrokers(client.Kafka);
                return null;
            case ClientRemedy.Replace:
                return what;
            default:
                return null;
        }
    }
}
