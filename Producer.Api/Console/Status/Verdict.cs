using System.Globalization;
using Persistence.Holds;
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
            return ($"Nothing is sent{(pause.Since is { } at ? Since(at) : "")}: {Sentence(pause.Reason)}{waiting}", "bad");
        }

        if (state.Holds?.FirstOrDefault(hold => hold.Scope == HoldScope.All) is { } all)
            return ($"Nothing is sent{Since(all.CreatedAt)}: {all.CreatedBy} {(all.Mode == HoldMode.Cancel ? "has all mails canceled" : "holds all mails")}.", "warn");

        if (state.Missing is not null || open is null || state.Stats.Unread is null)
            return ("Not all is known: a part of the system did not respond.", "warn");
        var held = state.Holds is { Count: > 0 } holds ? $" {Words.Count(holds.Count, "hold is", "holds are")} in force." : "";
        if (open > 0)
            return ($"Mails are sent; {Words.Count(open.Value, "failure waits", "failures wait")} for a decision.{held}{waiting}", "warn");
        return (held + waiting) switch
        {
            "" => ("All is well: mails are sent, and no failure is open.", "good"),
            var told => ($"Mails are sent{(waiting.Length > 0 ? ", slowly" : "")}.{told}", "warn"),
        };
    }

    private static string Since(DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $" since {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC");

    private static string Sentence(string text) => $"{char.ToLowerInvariant(text[0])}{text[1..].TrimEnd('.')}.";
}
