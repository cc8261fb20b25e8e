namespace Messaging.Kafka;

/// <summary>How the pauses between tries of the same thing grow.</summary>
internal static class Backoff
{
    /// <summary>The pause after this one: twice as long, up to the longest.</summary>
    public static TimeSpan Next(TimeSpan pause, TimeSpan longest) => TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, longest.Ticks));
}
