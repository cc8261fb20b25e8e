namespace Consumer.Worker.Smtp.Pace;

/// <summary>What is used of the quotas of an hour or a day, by all workers.</summary>
internal interface IPaceQuota
{
    /// <summary>Uses one of a quota.</summary>
    /// <returns>Zero where that was done; else after how long to ask again.</returns>
    ValueTask<TimeSpan> TakeAsync(RateLimit quota, CancellationToken cancellationToken);
}

/// <summary>No quota is counted: for a connection pool by itself, as benchmarks have it.</summary>
internal sealed class UnsharedQuota : IPaceQuota
{
    /// <inheritdoc />
    public ValueTask<TimeSpan> TakeAsync(RateLimit quota, CancellationToken cancellationToken) => new(TimeSpan.Zero);
}
