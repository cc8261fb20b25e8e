using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Messaging.Bench.Rider;

/// <summary>
/// Waits of a tenth of a millisecond, as a question to a cache takes. .NET's timers count whole milliseconds, so a thread of its own looks
/// which waits are over; Linux makes 0.1 to 0.2 ms of them.
/// </summary>
internal static class ShortWait
{
    private static readonly TimeSpan Length = TimeSpan.FromMilliseconds(0.1);
    private static readonly ConcurrentQueue<(long Begun, TaskCompletionSource Over)> Waits = [];

    static ShortWait() => new Thread(Run) { IsBackground = true, Name = "short waits" }.Start();

    /// <summary>One wait.</summary>
    public static Task Start()
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Waits.Enqueue((Stopwatch.GetTimestamp(), over));
        return over.Task;
    }

    private static void Run()
    {
        var pause = new Timespec(Seconds: 0, Nanoseconds: 20_000);
        while (true)
        {
            while (Waits.TryPeek(out var wait) && Stopwatch.GetElapsedTime(wait.Begun) >= Length && Waits.TryDequeue(out wait))
                wait.Over.SetResult();
            _ = Native.Sleep(pause, IntPtr.Zero);
        }
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "nanosleep")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Sleep(in Timespec pause, IntPtr left);
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Timespec(long Seconds, long Nanoseconds);
}
