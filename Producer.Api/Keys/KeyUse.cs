namespace Producer.Api.Keys;

/// <summary>What this instance counts of a key; stays as it is when the keys are read again. For any thread.</summary>
/// <param name="window">Counts its requests; null where nothing limits them.</param>
internal sealed class KeyUse(RateWindow? window)
{
    private long _lastUsed;
    private long _noted;

    /// <summary>Counts its requests; null where nothing limits them.</summary>
    public RateWindow? Window => window;

    /// <summary>Notes that it is used.</summary>
    public void Touch(DateTimeOffset now) => Volatile.Write(ref _lastUsed, now.UtcTicks);

    /// <summary>When it was used last, where that is not in the database yet.</summary>
    public DateTimeOffset? Unnoted()
    {
        var lastUsed = Volatile.Read(ref _lastUsed);
        return lastUsed == _noted ? null : new DateTimeOffset(lastUsed, TimeSpan.Zero);
    }

    /// <summary>The database has that time.</summary>
    public void Note(DateTimeOffset time) => _noted = time.UtcTicks;

    /// <summary>The same with another rate.</summary>
    public KeyUse With(RateWindow? other)
    {
        var use = new KeyUse(other) { _noted = _noted };
        use._lastUsed = Volatile.Read(ref _lastUsed);
        return use;
    }
}
