using System.Globalization;
using System.Runtime.InteropServices;

namespace Producer.Api.Keys;

/// <summary>So many requests in so long.</summary>
/// <param name="Count">How many.</param>
/// <param name="Window">In how long.</param>
internal sealed record KeyRate(int Count, TimeSpan Window)
{
    /// <summary>What is allowed, for messages.</summary>
    public const string Allowed = "a rate such as 10/s, 600/m or 10000/h";

    private const int Most = 999_999_999;

    /// <summary>Reads a text such as <c>10/s</c>; null where it is none.</summary>
    public static KeyRate? TryRead(string text)
    {
        if (text.Split('/') is not [[>= '1' and <= '9', ..] count, var unit] || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > Most)
            return null;
        return unit switch
        {
            "s" => new KeyRate(number, TimeSpan.FromSeconds(1)),
            "m" => new KeyRate(number, TimeSpan.FromMinutes(1)),
            "h" => new KeyRate(number, TimeSpan.FromHours(1)),
            _ => null,
        };
    }
}

/// <summary>What a request may do by its key's rate.</summary>
/// <param name="IsAllowed">Whether it may go on.</param>
/// <param name="Remaining">How many more there may be in this window.</param>
/// <param name="Reset">How long it is to the next window.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RateUse(bool IsAllowed, int Remaining, TimeSpan Reset)
{
    /// <summary>The same in whole seconds, so many that they are enough.</summary>
    public int ResetSeconds => (int)Math.Ceiling(Reset.TotalSeconds);
}

/// <summary>Counts a key's requests in windows that follow one another, the first from its first request on. For any thread.</summary>
internal sealed class RateWindow(KeyRate rate, TimeProvider timeProvider)
{
    private readonly Lock _lock = new();
    private long _began;
    private int _used;

    /// <summary>The rate.</summary>
    public KeyRate Rate => rate;

    /// <summary>Counts a request, where it may be.</summary>
    public RateUse Take()
    {
        lock (_lock)
        {
            var now = timeProvider.GetTimestamp();
            var elapsed = timeProvider.GetElapsedTime(_began, now);
            if (_used == 0 || elapsed >= rate.Window)
                (_began, _used, elapsed) = (now, 0, TimeSpan.Zero);
            var isAllowed = _used < rate.Count;
            if (isAllowed)
                _used++;
            return new RateUse(isAllowed, rate.Count - _used, rate.Window - elapsed);
        }
    }
}
