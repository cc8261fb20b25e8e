namespace Producer.Api.Operations;

/// <summary>Keeps an operation to its rate: what it has met is never more than its time allows, and no time that it could not use is made up for.</summary>
/// <param name="ratePerSecond">The rate.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class OperationPace(int ratePerSecond, TimeProvider timeProvider)
{
    // So often a second that a rate looks steady, and each batch is still worth its transaction.
    private const int BatchesPerSecond = 10;

    // What was missed for longer than this is not made up for: a pause must not end in a burst.
    private static readonly TimeSpan LongestDebt = TimeSpan.FromSeconds(1);

    private long _due = timeProvider.GetTimestamp();

    /// <summary>How many to take at once.</summary>
    public int Batch(int most) => Math.Clamp(ratePerSecond / BatchesPerSecond, 1, most);

    /// <summary>Waits until what was met is within the rate.</summary>
    public Task WaitAsync(int met, CancellationToken cancellationToken)
    {
        _due += (long)(met * (double)timeProvider.TimestampFrequency / ratePerSecond);
        var now = timeProvider.GetTimestamp();
        var earliest = now - (long)(LongestDebt.TotalSeconds * timeProvider.TimestampFrequency);
        _due = Math.Max(_due, earliest);
        return _due > now ? Task.Delay(timeProvider.GetElapsedTime(now, _due), timeProvider, cancellationToken) : Task.CompletedTask;
    }
}
