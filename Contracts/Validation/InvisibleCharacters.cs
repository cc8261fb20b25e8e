using System.Globalization;
using System.Text;

namespace Contracts.Validation;

/// <summary>
/// Characters that nobody sees: in an address they make two that look alike, or come along by accident from a page or a table.
/// </summary>
internal static class InvisibleCharacters
{
    private static readonly Dictionary<int, string> Names = new()
    {
        [0x00a0] = "NO-BREAK SPACE",
        [0x00ad] = "SOFT HYPHEN",
        [0x034f] = "COMBINING GRAPHEME JOINER",
        [0x061c] = "ARABIC LETTER MARK",
        [0x115f] = "HANGUL CHOSEONG FILLER",
        [0x1160] = "HANGUL JUNGSEONG FILLER",
        [0x17b4] = "KHMER VOWEL INHERENT AQ",
        [0x17b5] = "KHMER VOWEL INHERENT AA",
        [0x200b] = "ZERO WIDTH SPACE",
        [0x200c] = "ZERO WIDTH NON-JOINER",
        [0x200d] = "ZERO WIDTH JOINER",
        [0x200e] = "LEFT-TO-RIGHT MARK",
        [0x200f] = "RIGHT-TO-LEFT MARK",
        [0x2028] = "LINE SEPARATOR",
        [0x2029] = "PARAGRAPH SEPARATOR",
        [0x202a] = "LEFT-TO-RIGHT EMBEDDING",
        [0x202b] = "RIGHT-TO-LEFT EMBEDDING",
        [0x202c] = "POP DIRECTIONAL FORMATTING",
        [0x202d] = "LEFT-TO-RIGHT OVERRIDE",
        [0x202e] = "RIGHT-TO-LEFT OVERRIDE",
        [0x202f] = "NARROW NO-BREAK SPACE",
        [0x2060] = "WORD JOINER",
        [0x2066] = "LEFT-TO-RIGHT ISOLATE",
        [0x2067] = "RIGHT-TO-LEFT ISOLATE",
        [0x2068] = "FIRST STRONG ISOLATE",
        [0x2069] = "POP DIRECTIONAL ISOLATE",
        [0x2800] = "BRAILLE PATTERN BLANK",
        [0x3000] = "IDEOGRAPHIC SPACE",
        [0x3164] = "HANGUL FILLER",
        [0xfeff] = "ZERO WIDTH NO-BREAK SPACE",
        [0xffa0] = "HALFWIDTH HANGUL FILLER",
    };

    /// <summary>The first one in a text, with its number and name: <c>U+200B ZERO WIDTH SPACE</c>; <c>null</c> where there is none.</summary>
    public static string? FirstIn(string text)
    {
        if (Ascii.IsValid(text))
            return null;
        foreach (var rune in text.EnumerateRunes())
        {
            if (Is(rune))
                return Describe(rune);
        }

        return null;
    }

    private static bool Is(Rune rune) => !rune.IsAscii && (Names.ContainsKey(rune.Value) || IsVariationSelector(rune.Value)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.Control or UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static bool IsVariationSelector(int value) => value is (>= 0x180b and <= 0x180f) or (>= 0xfe00 and <= 0xfe0f) or (>= 0xe0100 and <= 0xe01ef);

    private static string Describe(Rune rune)
    {
        var number = string.Create(CultureInfo.InvariantCulture, $"U+{rune.Value:X4}");
        return Names.TryGetValue(rune.Value, out var name) ? $"{number} {name}"
            : IsVariationSelector(rune.Value) ? $"{number} (a variation selector)"
            : Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator ? $"{number} (a space)"
            : $"{number} (a character that is not shown)";
    }
}
