using System.Buffers;

namespace Contracts.Validation;

/// <summary>What may stand in texts that become a header of the mail, or are shown to people.</summary>
public static class Texts
{
    internal const string OneLineRule = "must be one line of text without control characters (a tab is allowed)";

    // Unicode's control characters all lie below U+00A0.
    private static readonly SearchValues<char> Breaks = SearchValues.Create(
        [.. Enumerable.Range(0, 0xa0).Select(c => (char)c).Where(c => char.IsControl(c) && c != '\t'), '\u2028', '\u2029']);

    /// <summary>No control character but a tab, no line or paragraph separator, whole Unicode characters only.</summary>
    public static bool IsOneLine(string text) => IsUnicode(text) && !text.AsSpan().ContainsAny(Breaks);

    /// <summary>Half a surrogate pair cannot be written as UTF-8.</summary>
    public static bool IsUnicode(string text)
    {
        var rest = text.AsSpan();
        for (var at = Surrogate(rest); at >= 0; at = Surrogate(rest))
        {
            if (at + 1 >= rest.Length || !char.IsSurrogatePair(rest[at], rest[at + 1]))
                return false;
            rest = rest[(at + 2)..];
        }

        return true;
    }

    /// <summary>
    /// A mark that turns the direction of writing (Unicode Standard Annex 9), by which <c>cod.exe</c> can look like <c>exe.doc</c>, and one
    /// name like another.
    /// </summary>
    public static bool IsBidiMark(char c) => c is '\u061c' or '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    /// <summary>The beginning of a text, where it is longer than <paramref name="length"/>, and an ellipsis.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        if (char.IsHighSurrogate(text[length - 1]))
            length--;
        return string.Concat(text.AsSpan(0, length), "…");
    }

    private static int Surrogate(ReadOnlySpan<char> text) => text.IndexOfAnyInRange('\ud800', '\udfff');
}
