namespace Contracts.Validation;

/// <summary>What may stand in text that becomes a header of the mail.</summary>
internal static class Texts
{
    public const string OneLineRule = "must be one line of text without control characters (a tab is allowed)";

    /// <summary>No control character but a tab, no line or paragraph separator, whole Unicode characters only.</summary>
    public static bool IsOneLine(string text) => IsUnicode(text) && !text.Any(Breaks);

    /// <summary>No half of a surrogate pair, which has no form in UTF-8.</summary>
    public static bool IsUnicode(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }

        return true;
    }

    private static bool Breaks(char c) => (char.IsControl(c) && c != '\t') || c is '\u2028' or '\u2029';
}
