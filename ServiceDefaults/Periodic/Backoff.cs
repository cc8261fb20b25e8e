namespace ServiceDefaults.Periodic;

/// <summary>The pauses between tries of what fails: each twice the one before, up to a limit. Pure.</summary>
public static class Backoff
{
    /// <summary>The pause after another one.</summary>
    /// <param name="pause">The one before.</param>
    /// <param name="longest">The longest.</param>
    public static TimeSpan Next(TimeSpan pause, TimeSpan longest) => pause * 2 < longest ? pause * 2 : longest;
}
