using System.Buffers;

namespace Contracts.Validation;

/// <summary>What may stand in text that becomes a header of the mail.</summary>
internal static class Texts
{
    public const string OneLineRule = "must be one line of text without control characters (a tab is allowed)";

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
