namespace Contracts.Validation;

/// <summary>What <c>calendar</c> may be: an iCalendar object (RFC 5545) that says what its recipients are to do with it (RFC 5546).</summary>
public static class CalendarRules
{
    private const string Rule =
        "is not an iCalendar object that can be sent: it begins with BEGIN:VCALENDAR, has one line such as METHOD:REQUEST before its events, and ends with END:VCALENDAR (RFC 6047)";

    /// <summary>
    /// Its method, which the part of the mail repeats in its type (RFC 6047, section 2.4); <c>null</c> where it is not one iCalendar object
    /// with one method.
    /// </summary>
    public static string? MethodOf(string calendar)
    {
        string? method = null;
        var depth = 0;
        var over = false;
        foreach (var line in calendar.AsSpan().EnumerateLines())
        {
            if (line.IsWhiteSpace())
                continue;
            if (over || depth == 0 && !Is(line, "BEGIN:VCALENDAR"))
                return null;
            if (line.StartsWith("BEGIN:", StringComparison.OrdinalIgnoreCase))
                depth++;
            else if (line.StartsWith("END:", StringComparison.OrdinalIgnoreCase))
                over = --depth == 0 && Is(line, "END:VCALENDAR");
            else if (depth == 1 && line.StartsWith("METHOD:", StringComparison.OrdinalIgnoreCase))
            {
                var value = line["METHOD:".Length..].Trim().ToString();
                if (method is not null || !IsToken(value))
                    return null;
                method = value;
            }
        }

        return over ? method : null;
    }

    internal static void Check(string? calendar, ErrorList errors)
    {
        if (calendar is null)
            return;
        if (!Texts.IsUnicode(calendar))
            errors.Add(SendEmailFields.Calendar, ValidationCodes.InvalidText, "holds half a surrogate pair, which is not a Unicode character");
        else if (MethodOf(calendar) is null)
            errors.Add(SendEmailFields.Calendar, ValidationCodes.InvalidCalendar, Rule);
    }

    private static bool Is(ReadOnlySpan<char> line, string text) => line.TrimEnd().Equals(text, StringComparison.OrdinalIgnoreCase);

    private static bool IsToken(string value) => value.Length is > 0 and <= 64 && value.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
