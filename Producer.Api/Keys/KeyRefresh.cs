using Microsoft.Extensions.Options;
using Persistence;
using Producer.Api.Configuration;
using ServiceDefaults.Periodic;

namespace Producer.Api.Keys;

/// <summary>Reads the stored keys again and again, and each minute writes down when they were used last.</summary>
internal sealed class KeyRefresh(KnownKeys keys, IOptions<ApiOptions> options, TimeProvider timeProvider, ILogger<KeyRefresh> logger)
    : PeriodicService("The look at the API keys", options.Value.KeyRefreshInterval, timeProvider, logger, longestPause: LongestPause(options.Value.KeyRefreshInterval))
{
    private static readonly TimeSpan NoteInterval = TimeSpan.FromMinutes(1);

    private long _noted = timeProvider.GetTimestamp();

    /// <inheritdoc />
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Before requests come, where Postgres responds: the first of them would be refused else.
        using var deadline = new CancellationTokenSource(options.Value.LookupTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await keys.RefreshAsync(either.Token);
        }
        catch (Exception exception) when (PostgresErrors.IsPassing(exception) || (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested))
        {
            logger.LogWarning("The API keys could not be read at the start: only the key of Api:Key is let in until they are. {Reason}", PostgresErrors.Explain(exception));
        }

        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var deadline = new CancellationTokenSource(options.Value.LookupTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await keys.NoteUsesAsync(either.Token);
        }
        catch (Exception exception) when (PostgresErrors.IsPassing(exception) || either.IsCancellationRequested)
        {
            logger.LogInformation("When API keys were used last was not written at the stop: {Reason}", PostgresErrors.Explain(exception));
        }
    }

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await keys.RefreshAsync(cancellationToken);
        if (Time.GetElapsedTime(_noted) < NoteInterval)
            return;
        await keys.NoteUsesAsync(cancellationToken);
        _noted = Time.GetTimestamp();
    }

    // A key that was revoked while Postgres was away is to be refused soon after it is back.
    private static TimeSpan LongestPause(TimeSpan interval) => interval > TimeSpan.FromSeconds(5) ? interval : TimeSpan.FromSeconds(5);
}
