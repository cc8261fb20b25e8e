using System.Globalization;
using Producer.Api.Console.Parts;

namespace Producer.Api.Console.Status;

/// <summary>How the system stands, in one sentence; decided purely, the worst first.</summary>
internal static class Verdict
{
    /// <summary>Above it waiting is told: a mail whose last try is over by then took the longest way, five tries with 15 s between them.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromMinutes(5);

    public static (string Text, string Tone) Of(SystemState state)
    {
        var open = state.Stats.Failures is { } failures ? failures.GetValueOrDefault("unresolved") : (long?)null;
        var waiting = state.OldestUnsent is { } since && state.Stats.At - since > LongWait ? $" The oldest unsent mail has waited {Words.Length(state.Stats.At - since)}." : "";
        if (state.Pause is { } pause)
        {
            var from = pause.Since is { } at ? string.Create(CultureInfo.InvariantCulture, $" since {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC") : "";
            return ($"Nothing is sent{from}: {Sentence(pause.Reason)}{waiting}", "bad");
        }

        if (state.Missing is not null || open is null || state.Stats.Unread is null)
            return ("Not all is known: a part of the system did not respond.", "warn");
        if (open > 0)
            return ($"Mails are sent; {Words.Count(open.Value, "failure waits", "failures wait")} for a decision.{waiting}", "warn");
        return waiting.Length > 0 ? ($"Mails are sent, slowly.{waiting}", "warn") : ("All is well: mails are sent, and no failure is open.", "good");
    }

    private static string Sentence(string text) => $"{char.ToLowerInvariant(text[0])}{text[1..].TrimEnd('.')}.";
}
