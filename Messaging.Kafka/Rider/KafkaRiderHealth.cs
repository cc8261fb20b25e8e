using System.Globalization;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Messaging.Kafka;

/// <summary>The rider's state, as one verdict and a line for each thing that is not well.</summary>
internal sealed class KafkaRiderHealth(
    Task ready, string? waiting, KafkaHost host, IReadOnlyList<KafkaEndpoint> endpoints, IReadOnlyList<ConnectedEndpoint> connected)
{
    /// <summary>Looks at all of it.</summary>
    public HealthCheckResult Check()
    {
        var data = new Dictionary<string, object>();
        if (ready.Exception?.GetBaseException() is { } failed)
            return HealthCheckResult.Unhealthy(failed.Message, failed, data);
        if (host.Cluster.Unreachable is { } outage)
            return HealthCheckResult.Unhealthy(string.Create(CultureInfo.InvariantCulture, $"Kafka is out of reach since {outage.Since:O}: {host.Clients.Refusal ?? outage.Reason}"), null, data);
        if (!host.Cluster.Seen)
            return HealthCheckResult.Unhealthy("The Kafka rider is starting", null, data);

        var status = HealthStatus.Healthy;
        if (!ready.IsCompleted)
            Add("the Kafka rider", HealthStatus.Unhealthy, waiting ?? "is starting");
        foreach (var endpoint in endpoints)
            Note(endpoint.Consumer.Settings.Name, endpoint.Consumer.Loop, endpoint.Circuits);
        foreach (var endpoint in connected)
            NoteConnected(endpoint);
        foreach (var (topic, exception) in host.FailingTopics.All)
            Add($"topic {topic}", HealthStatus.Degraded, $"cannot be written, what goes there waits: {exception.Message}");

        if (host.Clients.Refusals.Say(host.Cluster.Brokers) is { } refused)
            Add("brokers", HealthStatus.Degraded, refused);
        foreach (var problem in host.Topics.Problems.Concat(host.FailingPartitions.Problems(host.Topics.LeaderOf, host.Topics.PartitionsOf)))
            Add($"topic {problem.Topic}", problem.IsWhole ? HealthStatus.Unhealthy : HealthStatus.Degraded, problem.What);
        foreach (var finding in host.Topics.Findings)
            Add($"topic {finding.Topic}", finding.IsRefused ? HealthStatus.Unhealthy : HealthStatus.Degraded, finding.Text);

        return new HealthCheckResult(status, status == HealthStatus.Healthy ? "ready" : string.Join("; ", data.Select(item => $"{item.Key}: {item.Value}")), null, data);

        // One that is being connected is not yet missed: the rider is ready without it.
        void NoteConnected(ConnectedEndpoint endpoint)
        {
            if (endpoint.Ready.Exception?.GetBaseException() is { } exception)
                Add(endpoint.Parts[0].Consumer.Settings.Name, HealthStatus.Unhealthy, $"did not start: {exception.Message}");
            else if (!endpoint.Ready.IsCompleted)
                Add(endpoint.Parts[0].Consumer.Settings.Name, HealthStatus.Degraded, endpoint.Provisioner.Waiting ?? "is starting");
            else
                endpoint.Parts.ToList().ForEach(part => Note(part.Consumer.Settings.Name, part.Consumer.Loop, part.Circuits));
        }

        void Note(string name, ConsumerLoop? loop, PauseCircuits? circuits)
        {
            if (loop is null && ready.IsCompleted)
                Add(name, HealthStatus.Degraded, "is stopped");
            else if (loop?.Error is { } error)
                Add(name, HealthStatus.Unhealthy, error);
            else if (circuits?.Opened.ToList() is { Count: > 0 } opened)
                opened.ForEach(circuit => Add(name, HealthStatus.Unhealthy, string.Create(
                    CultureInfo.InvariantCulture, $"{(circuit.Lane is { } lane ? $"is paused for {lane} since" : "is paused since")} {circuit.Since:O}: {circuit.Reason.Message}")));
            else if (loop?.Stalled is { } stalled)
                Add(name, HealthStatus.Degraded, stalled);
        }

        void Add(string name, HealthStatus worse, string what)
        {
            data[name] = data.TryGetValue(name, out var before) ? $"{before}; {what}" : what;
            status = worse < status ? worse : status;
        }
    }
}

/// <summary>Where the health check finds the rider, which is built after it.</summary>
internal sealed class KafkaRiderHealthSource
{
    private Func<KafkaRiderHealth>? _health;

    public void Set(Func<KafkaRiderHealth> health) => _health = health;

    public HealthCheckResult Check() => _health?.Invoke().Check() ?? HealthCheckResult.Unhealthy("The Kafka rider is not built yet");
}

/// <summary>The rider in the application's health checks.</summary>
internal sealed class KafkaHealthCheck(KafkaRiderHealthSource source) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(source.Check());
}
