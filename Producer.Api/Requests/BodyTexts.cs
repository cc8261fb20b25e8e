using Contracts;
using Contracts.Validation;

namespace Producer.Api.Requests;

/// <summary>Reads texts of a body that has several, and collects what is wrong with them.</summary>
internal static class BodyTexts
{
    /// <summary>When something ends by itself, as a time or as one from now; null where it is not given.</summary>
    /// <param name="name">The member.</param>
    /// <param name="text">Its text.</param>
    /// <param name="now">What it must be after.</param>
    /// <param name="errors">Gets what is wrong with it.</param>
    public static DateTimeOffset? End(string name, string? text, DateTimeOffset now, List<string> errors)
    {
        if (text is null)
            return null;
        if (!Rfc3339.TryParse(text, out var end) && !TryParseFromNow(text, now, out end))
            errors.Add($"{name} is '{QueryTexts.Shown(text)}'; {Rfc3339.Rule}, or {RelativeTime.Rule}");
        else if (end <= now)
            errors.Add($"{name} is '{QueryTexts.Shown(text)}', which is past");
        return end;
    }

    /// <summary>A domain in ASCII and small letters; null where the text is none.</summary>
    public static string? Domain(string? text) =>
        text is not null && !text.Contains('@', StringComparison.Ordinal) && EmailAddress.TryParse($"a@{text}", out var address) ? address.AsciiHost.ToLowerInvariant() : null;

    private static bool TryParseFromNow(string text, DateTimeOffset now, out DateTimeOffset end)
    {
        var isTime = RelativeTime.TryParse(text, out var wait) && wait <= DateTimeOffset.MaxValue - now;
        end = isTime ? now + wait : default;
        return isTime;
    }
}
