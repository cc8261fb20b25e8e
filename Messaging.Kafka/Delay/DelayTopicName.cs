using System.Globalization;

namespace Messaging.Kafka.Delay;

/// <summary>How delay topics are named: the topic, the suffix, the delay.</summary>
public static class DelayTopicName
{
    /// <summary>What stands between a topic's name and the delay's, unless the endpoint says otherwise.</summary>
    public const string DefaultSuffix = ".delay.";

    /// <summary>The delay topic of a topic, such as <c>orders.delay.30s</c>.</summary>
    /// <param name="topic">The topic that the records come from and go back to.</param>
    /// <param name="delay">How long a record stays in it.</param>
    /// <param name="suffix">What stands between the two.</param>
    public static string Of(string topic, TimeSpan delay, string suffix = DefaultSuffix) => $"{topic}{suffix}{Of(delay)}";

    /// <summary>A delay's name: <c>500ms</c>, <c>1s</c>, <c>2m</c>, <c>6h</c>, <c>1d</c>.</summary>
    /// <param name="delay">The delay, of whole milliseconds.</param>
    public static string Of(TimeSpan delay)
    {
        var milliseconds = (long)delay.TotalMilliseconds;
        var (count, unit) = milliseconds switch
        {
            _ when milliseconds % 86_400_000 == 0 => (milliseconds / 86_400_000, "d"),
            _ when milliseconds % 3_600_000 == 0 => (milliseconds / 3_600_000, "h"),
            _ when milliseconds % 60_000 == 0 => (milliseconds / 60_000, "m"),
            _ when milliseconds % 1_000 == 0 => (milliseconds / 1_000, "s"),
            _ => (milliseconds, "ms"),
        };
        return count.ToString(CultureInfo.InvariantCulture) + unit;
    }
}
