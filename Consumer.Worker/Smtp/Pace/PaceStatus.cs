using System.Globalization;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>How fast the worker sends at a moment, and why not faster.</summary>
/// <param name="Present">Mails accepted in the last second.</param>
/// <param name="Learned">The rate that the mail server takes, in mails a second; null where it has not complained.</param>
/// <param name="Connections">How many connections it allows.</param>
/// <param name="MostConnections">How many the options allow.</param>
/// <param name="ThrottledSince">Since when all that was begun was refused as too fast; null where something was accepted since.</param>
/// <param name="Lasts">Whether that lasts longer than <see cref="RelayOptions.ThrottlePatience"/>.</param>
/// <param name="QuotaUsed">The part of <see cref="RelayOptions.Rate"/> that is used up; null where none is.</param>
/// <param name="Reply">What the server said when it complained last.</param>
internal sealed record PaceStatus(
    int Present, double? Learned, int Connections, int MostConnections, DateTimeOffset? ThrottledSince, bool Lasts, RateLimit? QuotaUsed, string? Reply)
{
    /// <summary>The option that a quota is of.</summary>
    public string RateOption { get; init; } = $"{SmtpOptions.Section}:{nameof(SmtpOptions.Rate)}";

    /// <summary>What a person is told; null where nothing slows the worker.</summary>
    public string? Text
    {
        get
        {
            List<string> parts = [];
            if (ThrottledSince is { } since)
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"Throttled since {since:O}: the mail server has accepted nothing since then; mails wait unharmed, and one is tried now and then"));
            else if (Learned is { } rate)
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"Slowed by the mail server: {rate:0.##}/s"));
            if (Connections < MostConnections)
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"The mail server allows {Connections} of {MostConnections} connections"));
            if (QuotaUsed is { } quota)
                parts.Add($"{RateOption}'s {quota} is used up; mails wait until it is free again");
            if (parts.Count > 0 && Reply is not null)
                parts.Add($"It said: {Reply}");
            return parts.Count == 0 ? null : string.Join(". ", parts);
        }
    }
}
