using Producer.Api.Security;

namespace Producer.Api.Emails;

/// <summary>
/// The pauses between the looks of somebody who follows a mail. Nobody goes on following where this instance stops, so that its stop waits for
/// none of them, or where the caller's key is not valid any more: it is asked for at each look, as at each request.
/// </summary>
internal sealed class FollowPauses(Callers callers, IHostApplicationLifetime lifetime, TimeProvider timeProvider)
{
    /// <summary>Waits until the next look; false where there is to be none.</summary>
    public async Task<bool> WaitAsync(HttpRequest request, TimeSpan pause, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        try
        {
            await Task.Delay(pause, timeProvider, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }

        return callers.Of(request).Caller is not null;
    }
}
