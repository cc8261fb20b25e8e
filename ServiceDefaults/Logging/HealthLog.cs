using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace ServiceDefaults.Logging;

/// <summary>Tells of each dependency that fails and that is well again, once each.</summary>
internal sealed class HealthLog(ILogger<HealthLog> logger) : IHealthCheckPublisher
{
    /// <summary>How often all checks are run for it.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, HealthStatus> _known = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        foreach (var (name, entry) in report.Entries)
        {
            var before = _known.GetValueOrDefault(name, HealthStatus.Healthy);
            _known[name] = entry.Status;
            if (entry.Status == before)
                continue;
            if (entry.Status == HealthStatus.Healthy)
                logger.LogInformation("{Dependency} is healthy again", name);
            else
                logger.LogWarning("{Dependency} is {Status}: {Reason}", name, entry.Status, entry.Description ?? entry.Exception?.Message);
        }

        return Task.CompletedTask;
    }
}
