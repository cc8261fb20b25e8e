using System.Diagnostics;

namespace Messaging.Bench.Running;

/// <summary>The stretch of a process's life that is measured: from the first record's end to the last one's.</summary>
internal sealed class Stretch(int records)
{
    private readonly TaskCompletionSource<Measurement> _measured = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Snapshot? _begin;
    private int _ended;

    /// <summary>The figures, once the last record has ended.</summary>
    public Task<Measurement> Measured => _measured.Task;

    /// <summary>Counts a record that has ended.</summary>
    public void Ended()
    {
        var ended = Interlocked.Increment(ref _ended);
        if (ended == 1)
            Begin();
        if (ended == records)
            End();
    }

    /// <summary>Begins before the first record has ended, where that is known.</summary>
    public void Begin() => _begin ??= Snapshot.Take();

    private void End()
    {
        var (begin, end) = (_begin!, Snapshot.Take());
        _measured.TrySetResult(new Measurement
        {
            [Measurement.Rate] = records / Stopwatch.GetElapsedTime(begin.At, end.At).TotalSeconds,
            [Measurement.Cpu] = (end.Cpu - begin.Cpu).TotalMicroseconds / records,
            [Measurement.Allocated] = (end.Allocated - begin.Allocated) / (double)records,
        });
    }

    private sealed record Snapshot(long At, TimeSpan Cpu, long Allocated)
    {
        public static Snapshot Take() => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(precise: true));
    }
}
