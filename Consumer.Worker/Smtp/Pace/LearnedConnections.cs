namespace Consumer.Worker.Smtp.Pace;

/// <summary>
/// How many connections, and so mails at once, the mail server allows, as its refusals say it. Times are seconds of a monotonic clock.
/// Pure; not for several threads.
/// </summary>
internal sealed class LearnedConnections
{
    private const double Decrease = 0.75;
    private const double FirstPause = 10;
    private const double LongestPause = 300;

    private readonly int _most;
    private double _pause = FirstPause;
    private double _changedAt;
    private bool _grown;

    /// <param name="most"><see cref="RelayOptions.MaxConnections"/>.</param>
    public LearnedConnections(int most) => (_most, Allowed) = (most, most);

    /// <summary>How many are allowed at present.</summary>
    public int Allowed { get; private set; }

    /// <summary>Whether that is fewer than the options say.</summary>
    public bool IsLimited => Allowed < _most;

    /// <summary>A further connection was refused.</summary>
    /// <param name="others">How many the server had not refused at that time.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether fewer are allowed now.</returns>
    public bool OnRefused(int others, double now) => Lower(Math.Min(Allowed, others), now);

    /// <summary>A mail was refused, as too many were under way.</summary>
    /// <param name="inUse">How many were.</param>
    /// <param name="now">The time.</param>
    /// <param name="begunAt">When the mail was begun: one from before the last change says nothing of the present number.</param>
    /// <returns>Whether fewer are allowed now.</returns>
    public bool OnTooMany(int inUse, double now, double begunAt)
    {
        if (begunAt < _changedAt)
            return false;
        var present = Math.Min(Allowed, inUse);
        return Lower(_grown ? present - 1 : Math.Min(present - 1, (int)(present * Decrease)), now);
    }

    /// <summary>A mail was accepted while all that are allowed were in use: after a while one more is tried.</summary>
    /// <returns>Whether more are allowed now.</returns>
    public bool OnAcceptedAtLimit(double now)
    {
        if (!IsLimited || now - _changedAt < _pause)
            return false;
        if (_grown)
            _pause = FirstPause;
        (Allowed, _changedAt, _grown) = (Allowed + 1, now, true);
        return true;
    }

    /// <summary>The server takes no connection at all: what was learned does not tell of the one that comes back.</summary>
    public void Forget() => (Allowed, _pause, _grown) = (_most, FirstPause, false);

    private bool Lower(int allowed, double now)
    {
        // What refused the one that was tried is asked less and less often.
        if (_grown)
            _pause = Math.Min(_pause * 2, LongestPause);
        (_changedAt, _grown) = (now, false);
        allowed = Math.Max(1, allowed);
        if (allowed >= Allowed)
            return false;
        Allowed = allowed;
        return true;
    }
}
