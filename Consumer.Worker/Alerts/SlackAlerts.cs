using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace Consumer.Worker.Alerts;

/// <summary>
/// Posts digests of dead letters to Slack. Runs beside the projection and never holds it up: what cannot be queued or posted is
/// logged and counted; the failure rows have it all.
/// </summary>
internal sealed class SlackAlerts(
    IHttpClientFactory clients,
    IOptions<AlertOptions> options,
    WorkerMetrics metrics,
    TimeProvider timeProvider,
    ILogger<SlackAlerts> logger) : BackgroundService, IAlertQueue
{
    /// <summary>The name of the HTTP client, with its resilience.</summary>
    public const string HttpClientName = "slack";

    private static readonly TimeSpan LastPostTimeout = TimeSpan.FromSeconds(5);

    private readonly Channel<Alert> _queue = Channel.CreateBounded<Alert>(
        new BoundedChannelOptions(options.Value.QueueLimit) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly AlertDigest _digest = new(options.Value.DigestInterval, options.Value.CausesPerDigest);

    private bool IsConfigured => !string.IsNullOrEmpty(options.Value.SlackWebhookUrl);

    /// <inheritdoc />
    public void Enqueue(Alert alert)
    {
        if (IsConfigured && !_queue.Writer.TryWrite(alert))
            metrics.AlertsDropped.Add(1);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!IsConfigured)
            return;
        try
        {
            while (true)
            {
                await GatherAsync(stoppingToken);
                await PostAsync(_digest.Take(timeProvider.GetUtcNow()), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await PostRestAsync();
        }
    }

    /// <summary>Takes alerts in until a post is due.</summary>
    private async Task GatherAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            Drain();
            if (_digest.Due is not { } due)
            {
                await _queue.Reader.WaitToReadAsync(stoppingToken);
                continue;
            }

            var wait = due - timeProvider.GetUtcNow();
            if (wait <= TimeSpan.Zero)
                return;
            using var clock = new CancellationTokenSource(wait, timeProvider);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, stoppingToken);
            try
            {
                await _queue.Reader.WaitToReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                // The post is due.
            }
        }
    }

    private void Drain()
    {
        while (_queue.Reader.TryRead(out var alert))
            _digest.Add(alert, timeProvider.GetUtcNow());
    }

    /// <summary>What was gathered when the worker stops is said once more, briefly.</summary>
    private async Task PostRestAsync()
    {
        Drain();
        if (_digest.Due is null)
            return;
        using var timeout = new CancellationTokenSource(LastPostTimeout, timeProvider);
        await PostAsync(_digest.Take(timeProvider.GetUtcNow()), timeout.Token);
    }

    private async Task PostAsync(AlertPost post, CancellationToken cancellationToken)
    {
        try
        {
            using var client = clients.CreateClient(HttpClientName);
            using var response = await client.PostAsJsonAsync(options.Value.SlackWebhookUrl, new { text = SlackText.Of(post) }, cancellationToken);
            response.EnsureSuccessStatusCode();
            metrics.AlertsPosted.Add(1);
        }
        // Broad on purpose: no trouble of Slack, of the network or of the resilience around them may end the loop.
        catch (Exception exception)
        {
            metrics.AlertsFailed.Add(1);
            // The webhook's address is a secret: neither it nor an exception that may quote it is logged.
            logger.LogWarning(
                "An alert for {DeadLetters} dead letter(s) could not be posted ({Error}, status {Status}). They are in email.failures. Check Alerts:SlackWebhookUrl and the way to it.",
                post.Total, exception.GetType().Name, (exception as HttpRequestException)?.StatusCode);
        }
    }
}
