namespace Consumer.Worker.Smtp.Pace;

/// <summary>
/// The rate that the mail server takes, as its replies say it: no limit until it complains, then additive increase and multiplicative
/// decrease around what it took. Times are seconds of a monotonic clock. Pure; not for several threads.
/// </summary>
/// <remarks>
/// A complaint lowers the rate once a second at most, since that is the window in which servers count; replies to mails that were begun
/// before the last change say nothing of the present rate. Without complaints the rate goes up slowly to where the last one came, then
/// faster and faster: a limit that was raised is found within seconds.
/// </remarks>
internal sealed class LearnedRate
{
    /// <summary>The lowest rate, a mail a minute: what still asks whether a quota is free again.</summary>
    public const double Floor = 1.0 / 60;

    /// <summary>After how long without a complaint nothing is limited any more, in seconds.</summary>
    public const double ForgetAfter = 600;

    private const double Decrease = 0.85;
    private const double SteepestDecrease = 0.3;
    private const double Increase = 0.02;
    private const double Recovery = 0.1;
    private const double FirstRate = 1;
    private const double Window = 1;

    private readonly RecentCount _accepted = new(Window);
    private readonly RecentCount _refused = new(Window);
    // The rate at which the last complaint came that followed accepted mails; infinite where none did: then the rate doubles.
    private double _ceiling = double.PositiveInfinity;
    private double _changedAt;
    private double _grownAt;
    private double _complainedAt;
    private bool _acceptedSinceChange;
    private Dictionary<Guid, double> _others = [];

    /// <summary>Mails a second; null: as fast as it goes.</summary>
    public double? Rate { get; private set; }

    /// <summary>Mails accepted in the last second.</summary>
    public int Present(double now) => _accepted.Count(now);

    /// <summary>When the first of them was accepted.</summary>
    public double PresentSince(double now) => _accepted.Since(now);

    /// <summary>A mail was accepted.</summary>
    /// <param name="now">The time.</param>
    /// <param name="limited">Whether this rate holds mails back: one that nothing uses says nothing.</param>
    public void OnAccepted(double now, bool limited)
    {
        _accepted.Add(now);
        _acceptedSinceChange = true;
        if (Rate is not { } rate)
            return;
        if (now - _complainedAt > ForgetAfter)
        {
            (Rate, _ceiling) = (null, double.PositiveInfinity);
            return;
        }

        var elapsed = Math.Min(now - _grownAt, 1);
        _grownAt = now;
        if (limited)
            Rate = rate + (Growth(rate) * elapsed);
    }

    /// <summary>A mail was refused as too fast.</summary>
    /// <param name="now">The time.</param>
    /// <param name="begunAt">When the mail was begun.</param>
    /// <returns>Whether the rate is lower now.</returns>
    public bool OnThrottled(double now, double begunAt)
    {
        _refused.Add(now);
        _complainedAt = now;
        if (Rate is not { } rate)
        {
            var taken = _accepted.Count(now);
            _ceiling = taken > 0 ? taken : double.PositiveInfinity;
            return Set(Math.Max(taken, FirstRate), now);
        }

        if (begunAt < _changedAt || now - _changedAt < Window)
            return false;
        if (_acceptedSinceChange)
            _ceiling = rate;
        return Set(Math.Max(Lower(rate, now), Floor), now);
    }

    /// <summary>
    /// Goes half of the way to what the workers before one server have on average, and takes its part of what those had that do not send any
    /// more. Replies alone never make them equal, and what one leaves the others would find only slowly.
    /// </summary>
    /// <param name="others">The rates of the other workers that use theirs.</param>
    /// <returns>Whether the rate is another one now.</returns>
    public bool Level(Dictionary<Guid, double> others)
    {
        var left = _others.Where(other => !others.ContainsKey(other.Key)).Sum(other => other.Value);
        _others = others;
        if (Rate is not { } rate || (left == 0 && others.Count == 0))
            return false;
        var average = (rate + others.Values.Sum()) / (others.Count + 1);
        Rate = ((rate + average) / 2) + (left / (others.Count + 1));
        _ceiling *= Rate.Value / rate;
        return true;
    }

    private double Lower(double rate, double now)
    {
        var (accepted, refused) = (_accepted.Count(now), _refused.Count(now));
        // Where most are refused, what is accepted is what the server takes.
        return refused <= accepted ? rate * Decrease : Math.Clamp(accepted * 0.95, rate * SteepestDecrease, rate * Decrease);
    }

    private double Growth(double rate)
    {
        if (double.IsPositiveInfinity(_ceiling))
            return rate;
        return rate < _ceiling * 0.8 ? _ceiling * Recovery : Math.Max(_ceiling * Increase, (rate - _ceiling) / 2);
    }

    private bool Set(double rate, double now)
    {
        (Rate, _changedAt, _grownAt, _acceptedSinceChange) = (rate, now, now, false);
        return true;
    }
}

/// <summary>How often something happened in the last while, by tenths of it.</summary>
/// <param name="window">How long that is, in seconds.</param>
internal sealed class RecentCount(double window)
{
    private const int Parts = 10;
    private readonly Queue<(long Part, double First, int Count)> _parts = new();
    private (long Part, double First, int Count) _last;

    public void Add(double now)
    {
        var part = Part(now);
        if (part == _last.Part && _last.Count > 0)
        {
            _last.Count++;
            return;
        }

        if (_last.Count > 0)
            _parts.Enqueue(_last);
        _last = (part, now, 1);
        Trim(part);
    }

    public int Count(double now)
    {
        var oldest = Part(now) - Parts;
        return _parts.Where(part => part.Part > oldest).Sum(part => part.Count) + (_last.Part > oldest ? _last.Count : 0);
    }

    /// <summary>When the first of those that <see cref="Count"/> tells happened.</summary>
    public double Since(double now)
    {
        var oldest = Part(now) - Parts;
        return _parts.Append(_last).Where(part => part.Part > oldest && part.Count > 0).Select(part => part.First).DefaultIfEmpty(now).First();
    }

    private long Part(double now) => (long)Math.Floor(now / window * Parts);

    private void Trim(long part)
    {
        while (_parts.TryPeek(out var first) && first.Part <= part - Parts)
            _parts.Dequeue();
    }
}
