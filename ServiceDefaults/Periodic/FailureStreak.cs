using System.Numerics;
using Npgsql;

namespace ServiceDefaults.Periodic;

/// <summary>Failures in a row: which of them are worth a line in the log, and how long the next try waits. Pure.</summary>
internal sealed class FailureStreak
{
    private int _sameKind;
    private (Type Type, string? SqlState) _kind;

    /// <summary>How many failures there were since the last success.</summary>
    public int Count { get; private set; }

    /// <summary>Counts a failure.</summary>
    /// <returns>Whether it is to be logged: the first of its kind in a row, the second, the fourth, the eighth and so on.</returns>
    public bool Add(Exception exception)
    {
        var kind = (exception.GetType(), (exception as PostgresException)?.SqlState);
        _sameKind = kind == _kind ? _sameKind + 1 : 1;
        _kind = kind;
        Count++;
        return BitOperations.IsPow2(_sameKind);
    }

    /// <summary>Ends the streak.</summary>
    public void Clear() => (Count, _sameKind, _kind) = (0, 0, default);

    /// <summary>The time to the next try: the interval, doubled with each failure after the first, up to a limit.</summary>
    public TimeSpan Pause(TimeSpan interval, TimeSpan longest)
    {
        var pause = interval * Math.Pow(2, Math.Clamp(Count - 1, 0, 20));
        return Count < 2 ? interval : pause < longest ? pause : longest;
    }
}
