using Confluent.Kafka;
using Messaging.Kafka.Inspection;
using Microsoft.Extensions.Options;
using Persistence;
using Persistence.Stats;
using Persistence.Text;
using Persistence.Workers;
using Producer.Api.Configuration;
using ServiceDefaults.Kafka;

namespace Producer.Api.Stats;

/// <summary>
/// Reads the state of the system, from Postgres and from Kafka at once. Each part has the time that <see cref="ApiOptions.StatsTimeout"/>
/// gives, and is left out where it fails; the others are returned all the same.
/// </summary>
internal sealed class StatsReader(StatsStore store, WorkerStore workers, KafkaInspector kafka, MailTopics names, IOptions<ApiOptions> options, TimeProvider timeProvider)
{
    public async Task<StatsReport> ReadAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.Value.StatsTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var cancel = either.Token;
        var mails = TryAsync("mails", () => CountAsync(store.CountMailsAsync(cancel)), cancel, cancellationToken);
        var failures = TryAsync("failures", () => CountAsync(store.CountFailuresAsync(cancel)), cancel, cancellationToken);
        var pace = TryAsync("pace", () => PaceAsync(cancel), cancel, cancellationToken);
        var unread = TryAsync("unread", () => LagAsync(names.Group, names.IsMails, cancel), cancel, cancellationToken);
        var delayed = TryAsync(
            "delayed", () => LagAsync(names.DelayGroup, names.IsDelay, cancel), cancel, cancellationToken);
        var deadLetters = TryAsync("dead_letters", () => LagAsync(names.DeadLetterGroup, topic => topic == names.DeadLetters, cancel), cancel, cancellationToken);

        await Task.WhenAll(mails, failures, pace, unread, delayed, deadLetters);
        MissingPart[] missing =
            [.. new[] { (await mails).Missing, (await failures).Missing, (await pace).Missing, (await unread).Missing, (await delayed).Missing, (await deadLetters).Missing }.OfType<MissingPart>()];
        return new StatsReport(timeProvider.GetUtcNow(), missing.Length == 0)
        {
            Mails = (await mails).Value,
            Failures = (await failures).Value,
            Pace = (await pace).Value,
            Unread = (await unread).Value,
            Delayed = (await delayed).Value,
            DeadLetters = (await deadLetters).Value,
            Missing = missing,
        };
    }

    private static async Task<IReadOnlyDictionary<string, long>> CountAsync<T>(Task<IReadOnlyDictionary<T, long>> counts)
        where T : struct, Enum =>
        (await counts).ToDictionary(count => count.Key.ToText(), count => count.Value);

    private async Task<PaceReport> PaceAsync(CancellationToken cancellationToken)
    {
        var pace = await workers.FindPaceAsync(cancellationToken);
        return new PaceReport(pace.Present, pace.Allowed, pace.Throttled, pace.Connections)
        {
            Relays =
            [
                .. pace.Relays.Select(relay => new RelayPaceReport(
                    relay.Name, relay.Pace.Present, relay.Pace.Allowed, relay.Pace.Throttled, relay.Pace.Connections, relay.UnavailableSince, relay.UnavailableReason)),
            ],
        };
    }

    private async Task<LagReport> LagAsync(string group, Func<string, bool> isTopic, CancellationToken cancellationToken)
    {
        var timeout = options.Value.StatsTimeout;
        var partitions = await kafka.ListAsync(isTopic, timeout, cancellationToken);
        if (partitions.Count == 0)
            throw new KafkaException(new Error(ErrorCode.UnknownTopicOrPart, $"Kafka has no topic of group {group} yet, or the brokers deny DESCRIBE on it"));
        var progress = await kafka.ProgressAsync(group, partitions, timeout, cancellationToken);
        return new LagReport(
            group,
            progress.Sum(partition => partition.Lag),
            [.. progress.GroupBy(partition => partition.Topic).Select(topic => new TopicLag(topic.Key, topic.Sum(partition => partition.Lag)))]);
    }

    private async Task<(T? Value, MissingPart? Missing)> TryAsync<T>(string part, Func<Task<T>> read, CancellationToken deadline, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return (await read().WaitAsync(deadline), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, new MissingPart(part, $"It could not be read within {options.Value.StatsTimeout} (Api:StatsTimeout)."));
        }
        catch (KafkaException exception)
        {
            return (null, new MissingPart(part, $"Kafka: {exception.Error.Reason}"));
        }
        catch (Exception exception) when (PostgresErrors.IsPassing(exception))
        {
            return (null, new MissingPart(part, $"Postgres: {exception.Message}"));
        }
    }
}
