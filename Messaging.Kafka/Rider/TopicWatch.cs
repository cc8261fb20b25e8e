using System.Collections.Concurrent;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using MassTransit;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>
/// Looks at the topics for as long as the rider runs: every few seconds whether they are still the same ones, may be used, and have
/// leaders and replicas enough; every minute whether their settings keep what the rider promises.
/// </summary>
internal sealed class TopicWatch(TopicDescriber describer, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SettingsInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>
    /// For how long the first look is tried again: a broker that has only just come, or a topic that has only just been created, cannot be
    /// described yet, and a compacted topic must not be used meanwhile. A server that never describes its topics is used all the same.
    /// </summary>
    private static readonly TimeSpan FirstLookTimeout = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _looking = new(1);
    private CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, string> _ids = [];
    private readonly HashSet<string> _told = [];
    private Dictionary<string, IReadOnlyDictionary<string, string>> _settings = [];
    private volatile IReadOnlyList<RequiredTopic> _topics = [];
    private Dictionary<TopicPartition, int> _leaders = [];
    private Task _running = Task.CompletedTask;
    private bool _toldOfNoRight;
    private bool? _canDescribe;
    private string? _unknown;
    private long _looked;

    /// <summary>What is not right with the topics' settings.</summary>
    public IReadOnlyList<TopicFinding> Findings { get; private set; } = [];

    /// <summary>What cannot be used now, and why.</summary>
    public IReadOnlyList<TopicProblem> Problems { get; private set; } = [];

    /// <summary>A topic's id, which another one of the same name does not have; null where it is not known.</summary>
    public string? IdOf(string topic) => _ids.GetValueOrDefault(topic);

    /// <summary>The broker that leads a partition; null where that is not known.</summary>
    public int? LeaderOf(TopicPartition partition) => _leaders.TryGetValue(partition, out var leader) ? leader : null;

    /// <summary>How many partitions a topic has; null where that is not known.</summary>
    public int? PartitionsOf(string topic) => _leaders.Keys.Count(partition => partition.Topic == topic) is var count and > 0 ? count : null;

    /// <summary>Begins, with no topic yet.</summary>
    public void Start()
    {
        (_topics, Findings, Problems, _looked) = ([], [], [], 0);
        var stopping = _stopping = new CancellationTokenSource();
        _running = Task.Run(() => Run(stopping.Token), CancellationToken.None);
    }

    /// <summary>Looks at topics for the first time, and goes on looking at them.</summary>
    /// <param name="topics">The topics, one need for each.</param>
    /// <param name="created">Those that have just been created.</param>
    /// <exception cref="ConfigurationException">A topic cannot be used as it is.</exception>
    public async Task Add(IReadOnlyList<RequiredTopic> topics, IReadOnlyCollection<string> created)
    {
        if (topics.Count == 0)
            return;
        var stopping = _stopping.Token;
        await _looking.WaitAsync(CancellationToken.None);
        try
        {
            (_topics, _looked) = (RequiredTopic.Merge(_topics.Concat(topics)), 0);
        }
        finally
        {
            _looking.Release();
        }

        await LookFirst(topics, stopping);
        if (Findings.Where(finding => finding.IsRefused && topics.Any(topic => topic.Name == finding.Topic)).ToList() is { Count: > 0 } refused)
            throw new ConfigurationException(string.Join(Environment.NewLine, refused.Select(finding => $"Topic {finding.Topic} is not used: {finding.Text}")));
        await TellDeviations(topics, created);
    }

    /// <summary>Looks at no other topics any more.</summary>
    /// <param name="topics">Those that are needed still.</param>
    public async Task Keep(IReadOnlyList<RequiredTopic> topics)
    {
        await _looking.WaitAsync(CancellationToken.None);
        try
        {
            _topics = [.. _topics.Where(topic => topics.Any(needed => needed.Name == topic.Name))];
            Findings = [.. Findings.Where(finding => _topics.Any(topic => topic.Name == finding.Topic))];
            Problems = [.. Problems.Where(problem => _topics.Any(topic => topic.Name == problem.Topic))];
        }
        finally
        {
            _looking.Release();
        }
    }

    /// <summary>Stops looking.</summary>
    public async Task Stop()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    private async Task Run(CancellationToken stopping)
    {
        while (_canDescribe != false && !stopping.IsCancellationRequested)
        {
            await Task.Delay(Interval, timeProvider, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_topics.Count > 0 && !stopping.IsCancellationRequested)
                await Look(_topics);
        }
    }

    private async Task LookFirst(IReadOnlyList<RequiredTopic> topics, CancellationToken stopping)
    {
        var begun = timeProvider.GetTimestamp();
        while (!await Look(topics) && !stopping.IsCancellationRequested)
        {
            if (timeProvider.GetElapsedTime(begun) >= FirstLookTimeout)
            {
                logger.LogWarning("Topics {Topics} could not be looked at, and are used all the same; whether they keep what the rider promises is not known: {Reason}", topics.Select(topic => topic.Name), _unknown);
                return;
            }

            logger.LogInformation("The start waits until topics {Topics} can be looked at: {Reason}", topics.Select(topic => topic.Name), _unknown);

            await Task.Delay(Retry, timeProvider, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Looks at all topics.</summary>
    /// <param name="asked">Those that are asked about.</param>
    /// <returns>Whether nothing is left to be looked at: those are described, or may not or cannot be.</returns>
    private async Task<bool> Look(IReadOnlyList<RequiredTopic> asked)
    {
        await _looking.WaitAsync(CancellationToken.None);
        try
        {
            _canDescribe ??= await describer.CanDescribe(await describer.ReadMetadata());
            if (_canDescribe == false)
                return true;
            var found = await describer.Describe(_topics.Select(topic => topic.Name));
            var missing = found.Where(topic => topic.Error.IsError && topic.Error.Code != ErrorCode.TopicAuthorizationFailed).Select(topic => topic.Name).ToList();
            if (_looked == 0 || timeProvider.GetElapsedTime(_looked) >= SettingsInterval)
            {
                await LookAtSettings(found);
                if (missing.Count == 0)
                    _looked = timeProvider.GetTimestamp();
            }

            foreach (var topic in found.Where(topic => !topic.Error.IsError))
                _ids[topic.Name] = topic.TopicId.ToString();
            _leaders = found.SelectMany(topic => topic.Partitions.Where(partition => partition.Leader is not null)
                .Select(partition => (Partition: new TopicPartition(topic.Name, partition.Partition), partition.Leader.Id))).ToDictionary(led => led.Partition, led => led.Id);
            Problems = [.. found.SelectMany(topic => TopicProblem.Of(_topics.First(needed => needed.Name == topic.Name), topic, _settings.GetValueOrDefault(topic.Name)))];
            _unknown = found.Find(topic => topic.Error.IsError)?.Error.Reason;
            return !asked.Any(topic => missing.Contains(topic.Name));
        }
        catch (KafkaException exception)
        {
            // That Kafka does not answer is told by whoever watches the cluster.
            logger.LogDebug("The topics could not be looked at: {Reason}", exception.Error.Reason);
            _unknown = exception.Error.Reason;
            return false;
        }
        finally
        {
            _looking.Release();
        }
    }

    private async Task LookAtSettings(List<TopicDescription> found)
    {
        var there = found.Where(topic => !topic.Error.IsError).ToList();
        _settings = await describer.Settings(there.Select(topic => topic.Name));
        var metadata = await describer.ReadMetadata();
        if (there.Where(topic => !_settings.ContainsKey(topic.Name)).Select(topic => topic.Name).ToList() is { Count: > 0 } closed && !_toldOfNoRight)
        {
            _toldOfNoRight = true;
            logger.LogInformation("The settings of {Topics} are not looked at: DESCRIBE_CONFIGS on them is refused", closed);
        }

        var states = there.ToDictionary(topic => topic.Name, topic => State(topic, _settings.GetValueOrDefault(topic.Name)));
        var findings = _topics.Where(topic => states.ContainsKey(topic.Name)).SelectMany(topic => TopicRules.Judge(
            topic, states[topic.Name], topic.Like is null ? null : states.GetValueOrDefault(topic.Like), metadata.Brokers.Count)).ToList();
        foreach (var finding in findings.Where(finding => _told.Add($"{finding.Topic} {finding.Setting} {finding.Value}")))
            logger.Log(finding.IsRefused ? LogLevel.Error : LogLevel.Warning, "Topic {Topic}: {Finding}", finding.Topic, finding.Text);
        Findings = findings;
    }

    private async Task TellDeviations(IReadOnlyList<RequiredTopic> topics, IReadOnlyCollection<string> created)
    {
        if (_canDescribe == false)
            return;
        try
        {
            foreach (var found in await describer.Describe(topics.Where(topic => topic.Options is not null && !created.Contains(topic.Name)).Select(topic => topic.Name)))
            {
                var topic = topics.First(needed => needed.Name == found.Name);
                if (!found.Error.IsError && string.Join("; ", TopicRules.Deviations(topic, State(found, _settings.GetValueOrDefault(found.Name)))) is { Length: > 0 } deviations)
                    logger.LogInformation("Topic {Topic} was there, and is left as it is: {Deviations}", found.Name, deviations);
            }
        }
        catch (KafkaException exception)
        {
            logger.LogDebug("What topics have otherwise than configured is not known: {Reason}", exception.Error.Reason);
        }
    }

    private static TopicState State(TopicDescription topic, IReadOnlyDictionary<string, string>? settings) =>
        new(topic.Partitions.Count, topic.Partitions.Count == 0 ? 0 : topic.Partitions.Min(partition => partition.Replicas.Count), settings);
}
