namespace Messaging.Kafka.Configuration;

/// <summary>Durations as librdkafka takes them.</summary>
internal static class Milliseconds
{
    /// <summary>Whole milliseconds, or null for none.</summary>
    public static int? ToMilliseconds(this TimeSpan? value) => value is { } time ? checked((int)time.TotalMilliseconds) : null;
}
