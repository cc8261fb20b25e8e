namespace Consumer.Worker.Smtp.Pace;

/// <summary>
/// A generic cell rate algorithm (ITU-T I.371, in its virtual scheduling form) for mails. Times are seconds of a monotonic clock. Pure; not
/// for several threads.
/// </summary>
internal sealed class CellRate
{
    /// <summary>
    /// How late a mail may come without the next ones being later for it: a timer wakes late, and a rate of 200 a second would lose a
    /// tenth by that.
    /// </summary>
    public const double Lateness = 0.02;

    private readonly int _burst;
    // When the next mail is expected, were all of them evenly spaced.
    private double _expected;

    /// <param name="rate">Mails a second; 0: none at all.</param>
    /// <param name="burst">How many may go at once after a pause.</param>
    /// <param name="now">The time. The burst counts as used: who starts does not know what was sent a moment before.</param>
    public CellRate(double rate, int burst, double now)
    {
        _burst = burst;
        Rate = rate;
        _expected = rate > 0 ? now + Interval + Tolerance : now;
    }

    /// <summary>Mails a second; 0: none at all. May change at any time.</summary>
    public double Rate { get; private set; }

    private double Interval => 1 / Rate;

    private double Tolerance => ((_burst - 1) * Interval) + Lateness;

    /// <summary>Changes the rate, from a time on. What was sent before stays counted.</summary>
    public void Change(double rate, double now)
    {
        // A pace that begins, or begins anew, begins without a burst.
        if (Rate <= 0 && rate > 0)
            _expected = Math.Max(_expected, now + (1 / rate * _burst) + Lateness);
        // A wait that was long for a low rate is not waited for at a higher one.
        else if (rate > Rate)
            _expected = Math.Min(_expected, now + (_burst / rate) + Lateness);
        Rate = rate;
    }

    /// <summary>Counts mails that were sent before anything was limited, and have to be made up for.</summary>
    public void Owe(double since, int mails) => _expected = Math.Max(_expected, since + (mails * Interval) + Tolerance);

    /// <summary>How long until the next mail may go, in seconds; 0: now.</summary>
    public double Wait(double now) => Rate <= 0 ? double.PositiveInfinity : Math.Max(0, _expected - Tolerance - now);

    /// <summary>Counts a mail that goes now.</summary>
    public void Take(double now) => _expected = Math.Max(_expected, now) + Interval;
}
