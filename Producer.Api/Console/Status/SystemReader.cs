using Confluent.Kafka;
using Messaging.Kafka.Inspection;
using Microsoft.Extensions.Options;
using Persistence;
using Persistence.Holds;
using Persistence.Stats;
using Persistence.Workers;
using Producer.Api.Configuration;
using Producer.Api.Holds;
using Producer.Api.Stats;
using ServiceDefaults.Kafka;

namespace Producer.Api.Console.Status;

/// <summary>How the system stands. What could not be read is null, and <see cref="StatsReport.Missing"/> or <see cref="Missing"/> says why.</summary>
/// <param name="Stats">What <c>GET /stats</c> returns.</param>
public sealed record SystemState(StatsReport Stats)
{
    /// <summary>Since when the mail waits that has waited longest; null where none does, or it is not known.</summary>
    public DateTimeOffset? OldestUnsent { get; init; }

    /// <summary>Why no worker sends; null where one does.</summary>
    public Pause? Pause { get; init; }

    /// <summary>The workers.</summary>
    public IReadOnlyList<RunningWorker>? Workers { get; init; }

    /// <summary>The last hour by the minute.</summary>
    public IReadOnlyList<ActivityMinute>? Activity { get; init; }

    /// <summary>The holds in force; how many mails each has is not counted.</summary>
    public IReadOnlyList<HoldReport>? Holds { get; init; }

    /// <summary>Why the parts of Postgres are missing; null where they are there.</summary>
    public string? Missing { get; init; }
}

/// <summary>A consumer group's partitions.</summary>
/// <param name="Group">The group.</param>
/// <param name="What">What its topics hold.</param>
/// <param name="Partitions">How far it is in each; null where Kafka did not say.</param>
/// <param name="Missing">Why not.</param>
public sealed record GroupState(string Group, string What, IReadOnlyList<PartitionProgress>? Partitions, string? Missing);

/// <summary>Reads it for the console, in the time that <c>Api:StatsTimeout</c> gives.</summary>
internal sealed class SystemReader(
    StatsReader stats, StatsStore store, WorkerStore workers, ActivityStore activity, HoldStore holds, KafkaInspector kafka, MailTopics names, IOptions<ApiOptions> options, TimeProvider timeProvider)
{
    public async Task<SystemState> ReadAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.Value.StatsTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var report = stats.ReadAsync(cancellationToken);
        var state = new SystemState(new StatsReport(timeProvider.GetUtcNow(), Complete: false));
        try
        {
            var (oldest, pause, running, minutes, active) =
                (store.FindOldestUnsentAsync(either.Token), workers.FindPauseAsync(either.Token), workers.ListAsync(either.Token), activity.ListAsync(either.Token), holds.ListActiveAsync(either.Token));
            await Task.WhenAll(oldest, pause, running, minutes, active);
            state = state with
            {
                OldestUnsent = await oldest,
                Pause = await pause,
                Workers = await running,
                Activity = await minutes,
                Holds = [.. (await active).Holds.Select(HoldReport.Of)],
            };
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            state = state with { Missing = $"Postgres did not respond within {options.Value.StatsTimeout} (Api:StatsTimeout)." };
        }
        catch (Exception exception) when (PostgresErrors.IsPassing(exception))
        {
            state = state with { Missing = $"Postgres: {PostgresErrors.Explain(exception)}" };
        }

        return state with { Stats = await report };
    }

    public async Task<IReadOnlyList<GroupState>> ReadGroupsAsync(CancellationToken cancellationToken) => await Task.WhenAll(
        ReadAsync(names.Group, "Mails to send", names.IsMails, cancellationToken),
        ReadAsync(names.DelayGroup, "Mails that wait for their next attempt", names.IsDelay, cancellationToken),
        ReadAsync(names.DeadLetterGroup, "Dead letters", topic => topic == names.DeadLetters, cancellationToken));

    private async Task<GroupState> ReadAsync(string group, string what, Func<string, bool> isTopic, CancellationToken cancellationToken)
    {
        var timeout = options.Value.StatsTimeout;
        using var deadline = new CancellationTokenSource(timeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var partitions = await kafka.ListAsync(isTopic, timeout, either.Token).WaitAsync(either.Token);
            return partitions.Count == 0
                ? new GroupState(group, what, Partitions: null, "Kafka has none of its topics yet, or the brokers deny DESCRIBE on them.")
                : new GroupState(group, what, await kafka.ProgressAsync(group, partitions, timeout, either.Token).WaitAsync(either.Token), Missing: null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new GroupState(group, what, Partitions: null, $"Kafka did not respond within {timeout} (Api:StatsTimeout).");
        }
        catch (KafkaException exception)
        {
            return new GroupState(group, what, Partitions: null, $"Kafka: {exception.Error.Reason}");
        }
    }
}
