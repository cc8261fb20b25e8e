using System.Text;

namespace Persistence.Text;

/// <summary>Makes any .NET string one that a Postgres <c>text</c> column takes.</summary>
internal static class PostgresText
{
    /// <summary>
    /// Puts U+FFFD where Postgres (NUL) or UTF-8 (half a surrogate pair) has no place for a character. A subject or an
    /// error text may hold either; refusing such a mail for ever would stop its key.
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

    /// <summary>As <see cref="Clean"/>, cut to a length: no column grows by what a server chose to say.</summary>
    public static string? CleanAndCut(string? text, int length)
    {
        if (text is null)
            return null;
        if (text.Length > length)
            text = text[..length];
        return Clean(text);
    }

    private static bool NeedsCleaning(ReadOnlySpan<char> text) => text.Contains('\0') || text.ContainsAnyInRange('\ud800', '\udfff');
}
