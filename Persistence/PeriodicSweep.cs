using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Persistence;

/// <summary>
/// Looks through the database when the service starts and again after each interval. A sweep that fails is logged and tried again, since
/// what the service is there for matters more.
/// </summary>
/// <param name="what">What is swept, for the log.</param>
/// <param name="interval">The time from the beginning of a sweep to that of the next.</param>
/// <param name="timeProvider">The clock of the interval.</param>
/// <param name="logger">Where failures go: nothing louder than debug for a Postgres that does not answer, which others tell of.</param>
public abstract class PeriodicSweep(string what, TimeSpan interval, TimeProvider timeProvider, ILogger logger) : BackgroundService
{
    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; } = timeProvider;

    /// <summary>One sweep, in portions that are small enough for those who send beside it.</summary>
    /// <param name="cancellationToken">The service stops; what is left is for the next sweep, here or elsewhere.</param>
    protected abstract Task SweepAsync(CancellationToken cancellationToken);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, Time);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception exception) when (PostgresErrors.IsUnavailable(exception))
            {
                logger.LogDebug("No sweep of {What}, since Postgres does not answer: {Reason}", what, exception.Message);
            }
            // Broad, because an exception would end the sweeps, and with them the service, over one row.
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogError(exception, "The sweep of {What} failed; it is tried again in {Interval}", what, interval);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
