using System.Globalization;

namespace Testing;

/// <summary>How long fault tests go on: once through each fault in the suite, many times by <c>./dev chaos</c>.</summary>
public static class Chaos
{
    /// <summary>How often each fault is repeated: <c>CHAOS_ROUNDS</c>, 1 unless set.</summary>
    public static int Rounds { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("CHAOS_ROUNDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var rounds) && rounds > 0 ? rounds : 1;

    /// <summary>How long outages of Kafka are repeated: <c>CHAOS_OUTAGE</c> in minutes; null: not at all.</summary>
    public static TimeSpan? Outages { get; } = Minutes("CHAOS_OUTAGE");

    /// <summary>How long a soak with faults of every kind goes on: <c>CHAOS_SOAK</c> in minutes; null: not at all.</summary>
    public static TimeSpan? Soak { get; } = Minutes("CHAOS_SOAK");

    private static TimeSpan? Minutes(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) && minutes > 0
            ? TimeSpan.FromMinutes(minutes)
            : null;
}
