using System.Globalization;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// Notices a partition that does not move on: one that has records under way, or one from which nothing is read while its lag grows.
/// No I/O.
/// </summary>
internal sealed class ProgressWatchdog(TimeSpan timeout, TimeProvider timeProvider)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<PartitionAssignment, (long Passed, long Since, long Lag)> _seen = [];
    private long _looked = timeProvider.GetTimestamp();
    private string? _stalled;

    /// <summary>Looks at most once a second.</summary>
    /// <returns>The first partition that stands still for longer than the timeout, with the offset it stands at; null where all move.</returns>
    public string? Look(IEnumerable<PartitionAssignment> assignments)
    {
        var now = timeProvider.GetTimestamp();
        if (timeProvider.GetElapsedTime(_looked, now) < Interval)
            return _stalled;
        _looked = now;
        _stalled = null;

        var alive = new HashSet<PartitionAssignment>();
        foreach (var assignment in assignments)
        {
            var (oldest, passed) = assignment.Progress;
            if (assignment.PausedUntil is not null || (oldest is null && assignment.Lag == 0))
                continue;
            alive.Add(assignment);
            if (!_seen.TryGetValue(assignment, out var seen) || seen.Passed != passed)
                _seen[assignment] = (passed, now, assignment.Lag);
            else if (timeProvider.GetElapsedTime(seen.Since, now) is var stood && stood > timeout)
                _stalled ??= Describe(assignment, oldest, seen.Lag, stood);
        }

        foreach (var gone in _seen.Keys.Where(assignment => !alive.Contains(assignment)).ToList())
            _seen.Remove(gone);
        return _stalled;
    }

    private static string? Describe(PartitionAssignment assignment, long? oldest, long lagBefore, TimeSpan stood) => (oldest, assignment.Lag) switch
    {
        ({ } offset, _) => string.Create(CultureInfo.InvariantCulture, $"{assignment.Partition} stands at offset {offset} for {stood.TotalSeconds:0} s"),
        (null, var lag) when lag > lagBefore =>
            string.Create(CultureInfo.InvariantCulture, $"{assignment.Partition} has not been read for {stood.TotalSeconds:0} s, and its lag has grown to {lag}"),
        _ => null,
    };
}
