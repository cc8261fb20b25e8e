using System.Globalization;

namespace Producer.Api.Keys;

/// <summary>Lengths of time as people write them: <c>90s</c>, <c>15m</c>, <c>24h</c>, <c>30d</c>.</summary>
internal static class KeyText
{
    /// <summary>Reads one; null where it is none.</summary>
    public static TimeSpan? Duration(string text)
    {
        if (text.Length is < 2 or > 8 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => null,
        };
    }
}
