using Microsoft.Extensions.Options;
using Persistence.Alerts;
using ServiceDefaults.Periodic;

namespace Consumer.Worker.Alerts;

/// <summary>
/// Gathers failures into episodes and puts digests on their way (<see cref="AlertStore.PlanAsync"/>). Every worker runs it; one at a time plans. Without channels,
/// too: an episode that began before a channel was set up is not new to it.
/// </summary>
internal sealed class AlertPlanner(
    AlertStore store, IEnumerable<IAlertChannel> channels, IOptions<AlertOptions> options, TimeProvider timeProvider, ILogger<AlertPlanner> logger)
    : PeriodicService("The plan of alerts", Interval, timeProvider, logger)
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan RemovalInterval = TimeSpan.FromHours(1);

    private readonly List<AlertChannel> _channels = [.. channels.Where(channel => channel.IsConfigured)
        .Select(channel => new AlertChannel(channel.Name, options.Value.DigestInterval, channel.MostCauses ?? options.Value.CausesPerDigest, channel.Repeats))];

    private long? _removedAt;

    /// <inheritdoc />
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (_channels is [{ Name: "email" }])
            logger.LogWarning("Alerts go by e-mail alone: while the mail server is away nobody hears of it. Set up another channel beside it (Alerts:SlackWebhookUrl, TeamsWebhookUrl, WebhookUrl, AlertmanagerUrl)");
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!await store.PlanAsync(_channels, options.Value.QuietAfter, options.Value.GiveUpAfter, cancellationToken))
            return;
        if (_removedAt is { } at && Time.GetElapsedTime(at) < RemovalInterval)
            return;
        await store.RemoveOldAsync(cancellationToken);
        _removedAt = Time.GetTimestamp();
    }
}
