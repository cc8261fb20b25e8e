using Persistence;
using Persistence.Mails;
using Persistence.Operations;
using Persistence.Text;
using Producer.Api.Emails;
using Producer.Api.Failures;
using ServiceDefaults.Database;
using ServiceDefaults.Periodic;

namespace Producer.Api.Operations;

/// <summary>
/// Works operations off, some at once, each under a lease in the database: batch by batch, and no faster than its rate. While Kafka does not
/// take records it waits with longer and longer pauses; what was decided by then is pending, and the sweep of pending replays sees to it.
/// </summary>
internal sealed class OperationRunner(
    IServiceScopeFactory scopes, OperationStore operations, MailAccess access, ClusterGuard cluster, TimeProvider timeProvider, ILogger<OperationRunner> logger)
    : PeriodicService("The work on operations", Interval, timeProvider, logger)
{
    private const int MostAtOnce = 4;
    private const int LargestBatch = 250;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ReleaseTimeout = TimeSpan.FromSeconds(2);

    private readonly List<Task> _running = [];

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await Task.WhenAll(_running).WaitAsync(cancellationToken);
    }

    /// <summary>Takes on what nobody works on. Not awaited: one that takes hours must not hold up the next.</summary>
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        _running.RemoveAll(task => task.IsCompleted);
        if (_running.Count >= MostAtOnce)
            return;
        var lease = Guid.NewGuid();
        foreach (var (id, rate) in await operations.ClaimAsync(lease, Lease, MostAtOnce - _running.Count, await cluster.MaySendAsync(cancellationToken), cancellationToken))
            _running.Add(TryRunAsync(id, rate, lease, cancellationToken));
    }

    /// <summary>Works on an operation until it ends or is another's. An error gives it back: it is tried again after a pause, here or elsewhere.</summary>
    private async Task TryRunAsync(Guid id, int? rate, Guid lease, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.Zero;
        try
        {
            await RunAsync(id, rate, lease, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            logger.LogInformation("Operation {OperationId} is left for another instance, as this one stops", id);
        }
        catch (Exception exception) when (PostgresErrors.IsPassing(exception))
        {
            pause = PauseAfterError;
            logger.LogWarning("Operation {OperationId} goes on in {Pause}, as Postgres does not respond: {Reason}", id, pause, PostgresErrors.Explain(exception));
        }
        // Broad, because what fails with one operation must not end the work on the others.
        catch (Exception exception)
        {
            pause = PauseAfterError;
            logger.LogError(exception, "Operation {OperationId} failed; it goes on in {Pause}", id, pause);
        }

        await TryReleaseAsync(id, lease, pause);
    }

    private async Task RunAsync(Guid id, int? rate, Guid lease, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var replays = scope.ServiceProvider.GetRequiredService<Replays>();
        var pace = rate is { } ratePerSecond ? new OperationPace(ratePerSecond, Time) : null;
        var pause = Interval;
        logger.LogInformation("Working on operation {OperationId}", id);
        while (await operations.RunBatchAsync(id, lease, Lease, pace?.Batch(LargestBatch) ?? LargestBatch, Accepted, cancellationToken) is { } batch)
        {
            var isProduced = await replays.TryFinishAsync(batch.Replays, cancellationToken);
            if (batch.State != OperationState.Running)
            {
                logger.LogInformation("Operation {OperationId} is {State}", id, batch.State.ToText());
                return;
            }

            if (!isProduced)
            {
                await Task.Delay(pause, Time, cancellationToken);
                pause = Backoff.Next(pause, LongestPause);
                continue;
            }

            pause = Interval;
            if (pace is not null)
                await pace.WaitAsync(batch.Met, cancellationToken);
        }

        logger.LogInformation("Operation {OperationId} is not worked on here any more: it was paused, canceled or taken over", id);
    }

    /// <summary>A mail that this system gave the id of, so that it is canceled before a worker has read it.</summary>
    private KnownMail? Accepted(Guid mailId) => access.Find(mailId) is { } issued ? new KnownMail(mailId, issued.Owner, issued.At) : null;

    /// <summary>Where this fails, too, the lease runs out.</summary>
    private async Task TryReleaseAsync(Guid id, Guid lease, TimeSpan pause)
    {
        using var deadline = new CancellationTokenSource(ReleaseTimeout, Time);
        try
        {
            await operations.ReleaseAsync(id, lease, pause, deadline.Token);
        }
        catch (Exception exception) when (deadline.IsCancellationRequested || PostgresErrors.IsPassing(exception))
        {
            logger.LogWarning("Operation {OperationId} could not be given back; its lease of {Lease} runs out: {Reason}", id, Lease, exception.Message);
        }
    }
}
