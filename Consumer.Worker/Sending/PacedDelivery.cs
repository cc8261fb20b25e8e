using Consumer.Worker.Smtp.Pace;

namespace Consumer.Worker.Sending;

/// <summary>
/// One delivery's way through the pace: its turn to be claimed, and how often the mail server has refused it as too fast while others pass.
/// Waits of a delivery, not of its attempts: nothing of it is stored, and the mail is nobody's meanwhile.
/// </summary>
internal sealed class PacedDelivery(SmtpPace pace, Party party, TimeSpan longestAlone, TimeProvider timeProvider) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private bool _hasTurn;
    private double? _refusedAt;
    private double? _aloneSince;
    private int _alone;

    /// <summary>Waits for the turn to be claimed.</summary>
    public async ValueTask TakeTurnAsync(CancellationToken waiting)
    {
        await pace.Claims.WaitAsync(party, waiting);
        _hasTurn = true;
    }

    /// <summary>Leaves the turn to another, as the mail is sent or waits for something else.</summary>
    public void EndTurn()
    {
        if (!_hasTurn)
            return;
        _hasTurn = false;
        pace.Claims.Release();
    }

    /// <summary>Notes a refusal.</summary>
    /// <returns>Whether the mail is to wait for it; false where it alone was refused for so long that it is its own failure.</returns>
    public bool MayWaitFor(ThrottledMailException throttled)
    {
        var isAlone = pace.OnThrottled(throttled, _refusedAt);
        _refusedAt = pace.Now;
        (_alone, _aloneSince) = isAlone ? (_alone + 1, _aloneSince ?? _refusedAt) : (0, null);
        return _aloneSince is not { } since || pace.Now - since < longestAlone.TotalSeconds;
    }

    /// <summary>Waits before the mail is claimed anew: longer and longer where it alone is refused, else as the pace says.</summary>
    public async Task WaitAgainAsync(CancellationToken waiting)
    {
        EndTurn();
        if (_alone > 0)
        {
            var pause = FirstPause * Math.Pow(2, Math.Min(_alone - 1, 20));
            await Task.Delay(pause < LongestPause ? pause : LongestPause, timeProvider, waiting);
        }
    }

    /// <inheritdoc />
    public void Dispose() => EndTurn();
}
