using System.Text;

namespace Persistence.Text;

/// <summary>Makes any .NET string one that a Postgres <c>text</c> column takes.</summary>
internal static class PostgresText
{
    /// <summary>
    /// Puts U+FFFD in the place of what Postgres (NUL) or UTF-8 (half a surrogate pair) cannot store. A subject or an
    /// error text may contain either; refusing such a mail for ever would stop its key.
    /// </summary>
    public static string Clean(string text)
    {
        if (!NeedsCleaning(text))
            return text;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        return clean.ToString();
    }

    /// <summary>Whether <see cref="Clean"/> leaves a text as it is.</summary>
    public static bool IsClean(string text) => !NeedsCleaning(text);

    /// <summary>As <see cref="Clean"/>, of a text that may be missing.</summary>
    public static string? CleanOrNull(string? text) => text is null ? null : Clean(text);

    /// <summary>As <see cref="CleanOrNull"/>, cut to a length: no column grows with a server's reply.</summary>
    public static string? CleanAndCut(string? text, int length) => CleanOrNull(text?.Length > length ? text[..length] : text);

    private static bool NeedsCleaning(ReadOnlySpan<char> text) => text.Contains('\0') || text.ContainsAnyInRange('\ud800', '\udfff');
}
