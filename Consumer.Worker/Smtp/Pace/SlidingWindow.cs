namespace Consumer.Worker.Smtp.Pace;

/// <summary>
/// So many mails in any stretch of a window, and never one more: a server that counts in the same way has nothing to complain of, however
/// unevenly timers wake. A mail counts from when its reply came, which is when the server has counted it at the latest. Times are seconds of
/// a monotonic clock. Pure; not for several threads.
/// </summary>
/// <param name="length">The window, in seconds.</param>
internal sealed class SlidingWindow(double length)
{
    private const int MostRemembered = 10_000;

    /// <summary>Where the rest of a fractional part is more than this share of it, the mails are only spaced evenly.</summary>
    private const double LargestRest = 0.1;

    private readonly Queue<PacedMail> _mails = new();
    private int? _most;
    private double _length;

    /// <summary>Sets how many mails it may hold, more than none. What was sent before stays counted.</summary>
    public void Change(double mails)
    {
        var whole = Math.Floor(mails + 1e-9);
        _most = whole >= mails * (1 - LargestRest) ? (int)Math.Min(whole, MostRemembered) : null;
        _length = whole > MostRemembered ? length * MostRemembered / whole : length;
        Trim();
    }

    /// <summary>How long until the next mail may go, in seconds; 0: now.</summary>
    public double Wait(double now) =>
        _most is not { } most || _mails.Count < most ? 0 : Math.Max(0, _mails.Peek().CountedAt + _length - now);

    /// <summary>Counts a mail that goes now.</summary>
    public void Take(PacedMail mail)
    {
        _mails.Enqueue(mail);
        Trim();
    }

    private void Trim()
    {
        while (_mails.Count > (_most ?? 0))
            _mails.Dequeue();
    }
}

/// <summary>A mail that goes by a rate. Times are those of <see cref="SlidingWindow"/>.</summary>
/// <param name="now">When it goes.</param>
internal sealed class PacedMail(double now)
{
    /// <summary>A reply that takes longer is not waited for: on a slow server the rate would be lost with it.</summary>
    private const double LongestReply = 0.1;

    /// <summary>From when on it counts.</summary>
    public double CountedAt { get; private set; } = now + LongestReply;

    /// <summary>Its reply has come.</summary>
    public void End(double now) => CountedAt = Math.Min(CountedAt, now);
}
