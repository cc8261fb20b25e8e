using System.Globalization;
using Messaging.Kafka.Configuration;
using Messaging.Kafka.Failure;
using Messaging.Kafka.Receiving;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Messaging.Kafka;

/// <summary>The rider's state, as one verdict and a line for each thing that is not well.</summary>
internal sealed class KafkaRiderHealth(
    Task ready, ClusterMonitor monitor, KafkaClientFactory clients, IReadOnlyList<BuiltEndpoint> endpoints, IReadOnlyList<RawEndpoint> rawEndpoints, OnwardWriteHealth onwardWrites)
{
    /// <summary>Looks at all of it.</summary>
    public HealthCheckResult Check()
    {
        var data = new Dictionary<string, object>();
        if (ready.Exception?.GetBaseException() is { } failed)
            return HealthCheckResult.Unhealthy(failed.Message, failed, data);
        if (monitor.Unreachable is { } outage)
            return HealthCheckResult.Unhealthy(string.Create(CultureInfo.InvariantCulture, $"Kafka is out of reach since {outage.Since:O}: {clients.Refusal ?? outage.Reason}"), null, data);
        if (!monitor.Seen || !ready.IsCompleted)
            return HealthCheckResult.Unhealthy("The Kafka rider is starting", null, data);

        var status = HealthStatus.Healthy;
        foreach (var endpoint in endpoints)
            Note(endpoint.Settings.Name, endpoint.Loop(), endpoint.Circuit);
        foreach (var endpoint in rawEndpoints)
            Note(endpoint.Settings.Name, endpoint.Loop, endpoint.Circuit);
        foreach (var (topic, exception) in onwardWrites.Failing)
            Add($"topic {topic}", HealthStatus.Degraded, $"cannot be written, what goes there is held: {exception.Message}");

        return new HealthCheckResult(status, status == HealthStatus.Healthy ? "ready" : string.Join("; ", data.Select(item => $"{item.Key}: {item.Value}")), null, data);

        void Note(string name, ConsumerLoop? loop, PauseCircuit? circuit)
        {
            if (loop is null)
                Add(name, HealthStatus.Degraded, "is stopped");
            else if (loop.Fault is { } fault)
                Add(name, HealthStatus.Unhealthy, fault);
            else if (circuit?.Closed is { } closed)
                Add(name, HealthStatus.Unhealthy, string.Create(CultureInfo.InvariantCulture, $"is paused since {closed.Since:O}: {closed.Reason.Message}"));
            else if (loop.Stalled is { } stalled)
                Add(name, HealthStatus.Degraded, stalled);
        }

        void Add(string name, HealthStatus worse, string what)
        {
            data[name] = what;
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

/// <summary>The rider in the application's health checks, as <c>kafka</c>.</summary>
internal sealed class KafkaHealthCheck(KafkaRiderHealthSource source) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(source.Check());
}
