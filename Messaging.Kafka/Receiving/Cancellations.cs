using Microsoft.Extensions.Logging;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Cancels on a thread of the pool: what an application has registered on a token is slow, or throws, and must do neither to the poll
/// thread, which has a partition to release.
/// </summary>
internal static class Cancellations
{
    /// <summary>Cancels a source; its token says so at once, and its callbacks follow.</summary>
    public static void CancelElsewhere(this CancellationTokenSource source, ILogger logger) =>
        _ = Observe(source.CancelAsync(), logger);

    /// <summary>Cancels a handler.</summary>
    public static void CancelElsewhere(this ICancelable handler, ILogger logger) =>
        _ = Observe(Task.Run(handler.Cancel), logger);

    private static async Task Observe(Task canceling, ILogger logger)
    {
        try
        {
            await canceling;
        }
        catch (ObjectDisposedException)
        {
            // The handler ended meanwhile: there is nothing left to cancel.
        }
        // Whatever a callback throws: its handler is canceled all the same, and nobody else waits for it.
        catch (Exception exception)
        {
            logger.LogError(exception, "A callback on a handler's cancellation token failed: {Reason}", exception.Message);
        }
    }
}
