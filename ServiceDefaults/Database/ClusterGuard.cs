using Confluent.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Persistence;
using Persistence.Clusters;

namespace ServiceDefaults.Database;

/// <summary>Whether the database belongs to the Kafka cluster at hand.</summary>
public enum ClusterRelation
{
    /// <summary>Kafka or Postgres has not said yet.</summary>
    Unknown,

    /// <summary>It does.</summary>
    Own,

    /// <summary>It belongs to another cluster: it is a copy, or Kafka was replaced.</summary>
    Foreign,
}

/// <summary>
/// Keeps a copy of a database (production restored into staging) from sending what the original has still to send: sweeps, replays and
/// repairs produce records of what is in the database, and only on the cluster that it belongs to may they.
/// </summary>
/// <param name="store">What the database says.</param>
/// <param name="readClusterId">What Kafka says, within a time; null where the cluster has no lasting id.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where a difference is told.</param>
public sealed class ClusterGuard(
    ClusterStore store, Func<TimeSpan, CancellationToken, Task<string?>> readClusterId, TimeProvider timeProvider, ILogger<ClusterGuard> logger)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>How long it may be unknown before that is a problem of its own. A start beside a Kafka that starts takes less.</summary>
    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private DateTimeOffset? _unknownSince;
    private volatile bool _isOwn;
    private volatile string? _foreign;
    private volatile string? _unknown;

    /// <summary>What is wrong and what to do, once that is known; null while nothing is.</summary>
    public string? Problem => _foreign ?? _unknown;

    /// <summary>The name of this program and its host, as the database notes them.</summary>
    public static string Me => $"{AppDomain.CurrentDomain.FriendlyName} on {Environment.MachineName}";

    /// <summary>Looks; that it belongs here is asked once, all else each time.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ClusterRelation> LookAsync(CancellationToken cancellationToken = default)
    {
        if (_isOwn)
            return ClusterRelation.Own;
        try
        {
            if (await readClusterId(Timeout, cancellationToken) is { } here && await store.RememberAsync(here, Me, cancellationToken) is var stored && stored != here)
            {
                if (_foreign is null)
                    logger.LogError("The database belongs to the Kafka cluster {Stored}, and this is {Here}: sweeps, replays and repairs are off", stored, here);
                _foreign = $"The database belongs to the Kafka cluster {stored}, and this is {here}: scheduled mails, replays and repairs are off. "
                    + "Where that is a copy, leave it so; where Kafka was replaced, run 'Consumer.Worker adopt'.";
                return ClusterRelation.Foreign;
            }
        }
        catch (Exception exception) when (exception is KafkaException || PostgresErrors.IsPassing(exception))
        {
            TellUnknown(exception is KafkaException ? exception.Message : PostgresErrors.Explain(exception));
            return ClusterRelation.Unknown;
        }

        (_isOwn, _foreign, _unknown) = (true, null, null);
        return ClusterRelation.Own;
    }

    /// <summary>Whether what the database has still to send may be produced now.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> MaySendAsync(CancellationToken cancellationToken = default) => await LookAsync(cancellationToken) == ClusterRelation.Own;

    private void TellUnknown(string reason)
    {
        lock (_lock)
        {
            var now = timeProvider.GetUtcNow();
            var since = _unknownSince ??= now;
            if (now - since < UnknownFor)
                return;
            if (_unknown is null)
                logger.LogWarning("Whether the database belongs to this Kafka cluster has not been known since {Since:u}: scheduled mails, replays and repairs wait. {Reason}", since, reason);
            _unknown = $"Whether the database belongs to this Kafka cluster has not been known since {since:u}: scheduled mails, replays and repairs wait. {reason}";
        }
    }
}

/// <summary>Tells of a database that belongs to another Kafka cluster.</summary>
internal sealed class ClusterHealthCheck(ClusterGuard guard) : IHealthCheck
{
    /// <inheritdoc />
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(guard.Problem is { } problem ? HealthCheckResult.Degraded(problem) : HealthCheckResult.Healthy());
}
