using Microsoft.Extensions.Options;
using Persistence.Alerts;
using ServiceDefaults.Periodic;

namespace Consumer.Worker.Alerts;

/// <summary>
/// Posts what is due to one channel. Each channel has its own, so that one that is slow or away keeps nothing from the others. A post is made at least
/// once: where the worker is killed before it could note that it was made, another makes it again.
/// </summary>
internal sealed class AlertSender(
    IAlertChannel channel, AlertStore store, IOptions<AlertOptions> options, WorkerMetrics metrics, TimeProvider timeProvider, ILogger<AlertSender> logger)
    : PeriodicService($"The posting of alerts to {channel.Name}", AlertPlanner.Interval, timeProvider, logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    // What is left after a try to note its outcome, before another worker may try.
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(15);

    private KeyValuePair<string, object?> Tag { get; } = new("channel", channel.Name);

    /// <summary>The pause before the next try: longer with each, and never shorter than the channel asks for. Pure.</summary>
    /// <param name="tries">How often it was tried.</param>
    /// <param name="retryAfter">What the channel asks for.</param>
    internal static TimeSpan Pause(int tries, TimeSpan? retryAfter)
    {
        var pause = FirstPause;
        for (var i = 1; i < tries && pause < LongestPause; i++)
            pause = Backoff.Next(pause, LongestPause);
        return retryAfter > pause ? retryAfter.Value : pause;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!channel.IsConfigured)
            return;
        // A counter is seen from its first count on: see WorkerMetrics.Begin.
        foreach (var counter in new[] { metrics.AlertsPosted, metrics.AlertsFailed, metrics.AlertsDropped })
            counter.Add(0, Tag);
        await base.ExecuteAsync(stoppingToken);
    }

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (await store.ClaimAsync(channel.Name, options.Value.PostTimeout + LeaseMargin, cancellationToken) is not { } post)
            return;
        var outcome = await TryAsync(post, cancellationToken);
        if (outcome.Error is not { } error)
        {
            metrics.AlertsPosted.Add(1, Tag);
            await store.MarkSentAsync(post.Id, cancellationToken);
            return;
        }

        metrics.AlertsFailed.Add(1, Tag);
        var pause = Pause(post.Tries, outcome.RetryAfter);
        if (await store.MarkFailedAsync(post, error, pause, outcome.Refused, options.Value.GiveUpAfter, cancellationToken))
        {
            metrics.AlertsDropped.Add(1, Tag);
            logger.LogError("An alert to {Channel} about {Failures} failure(s) is given up after {Tries} tries: {Error}. They are in email.failures, the alert in email.alert_posts ({Id})",
                channel.Name, post.Digest.Failures, post.Tries, error, post.Id);
        }
        else
        {
            logger.LogWarning("An alert to {Channel} about {Failures} failure(s) reached nobody at try {Tries}, and is tried again in {Pause}: {Error}", channel.Name, post.Digest.Failures, post.Tries, pause, error);
        }
    }

    private async Task<AlertOutcome> TryAsync(AlertPost post, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.Value.PostTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await channel.PostAsync(post, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new AlertOutcome($"No response within {options.Value.PostTimeout}");
        }
        // Broad on purpose: whatever is wrong with this post is noted with it, and it is tried less and less often, then given up. A message may quote the address.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            logger.LogDebug(exception, "An alert to {Channel} failed", channel.Name);
            return new AlertOutcome(exception.GetType().Name);
        }
    }
}
