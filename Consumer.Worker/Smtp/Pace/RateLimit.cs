using System.Globalization;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>So many mails in so long: one part of <see cref="RelayOptions.Rate"/>.</summary>
/// <param name="Count">How many mails.</param>
/// <param name="Window">In how long.</param>
internal sealed record RateLimit(int Count, TimeSpan Window)
{
    /// <summary>What is allowed, for messages.</summary>
    public const string Allowed = "up to 5 rates such as 14/s, 600/m, 10000/h or 50000/d, each unit once, with commas between them";

    private const int Most = 5;

    /// <summary>
    /// Whether what was used of it stands in Postgres: a quota of an hour or a day must outlast a restart, and may be used as fast as the
    /// shorter rates allow. A second's or a minute's rate is spread evenly instead.
    /// </summary>
    public bool IsQuota => Window >= TimeSpan.FromHours(1);

    /// <summary>Reads a text such as <c>14/s,50000/d</c>; null where it is none. An empty text sets none.</summary>
    public static IReadOnlyList<RateLimit>? TryRead(string? text)
    {
        var parts = (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var limits = parts.Select(TryReadOne).OfType<RateLimit>().ToList();
        return limits.Count == parts.Length && parts.Length <= Most && limits.DistinctBy(limit => limit.Window).Count() == parts.Length ? limits : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Count}/{Unit(Window)}");

    private static RateLimit? TryReadOne(string text)
    {
        if (text.Split('/') is not [var count, var unit]
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 1_000_000_000)
        {
            return null;
        }

        TimeSpan? window = unit switch
        {
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            "d" => TimeSpan.FromDays(1),
            _ => null,
        };
        return window is { } length ? new RateLimit(number, length) : null;
    }

    private static string Unit(TimeSpan window) => window.TotalSeconds switch
    {
        1 => "s",
        60 => "m",
        3600 => "h",
        _ => "d",
    };
}
