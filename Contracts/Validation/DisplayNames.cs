using System.Buffers;
using System.Text;

namespace Contracts.Validation;

/// <summary>
/// The name before an address or a list's id: atoms and quoted strings in any order (RFC 5322, section 3.2.5), read without their
/// quotes and with each quoted pair as the character that it stands for.
/// </summary>
internal static class DisplayNames
{
    /// <summary>What makes of a text more than one address alone.</summary>
    private static readonly SearchValues<char> Special = SearchValues.Create("\"<>,;");

    /// <summary>Splits <c>name &lt;inner&gt;</c>, or <c>inner</c> alone; false where it is neither, or more than one.</summary>
    /// <param name="text">The text, without blanks at its ends.</param>
    /// <param name="name">The name; empty where there is none.</param>
    /// <param name="inner">What stands between the angle brackets, or the whole text.</param>
    public static bool TrySplit(string text, out string name, out string inner)
    {
        (name, inner) = ("", text);
        if (!text.AsSpan().ContainsAny(Special))
            return true;
        var read = new StringBuilder();
        // Blanks in quotes belong to the name; those around its words do not.
        var end = 0;
        var sawAt = false;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    var quote = EndOfQuoted(text, i);
                    if (quote < 0)
                        return false;
                    Unquote(text.AsSpan((i + 1)..quote), read);
                    (i, end) = (quote, read.Length);
                    break;
                case '<':
                    if (text[^1] != '>')
                        return false;
                    (name, inner) = (read.ToString(0, end), text[(i + 1)..^1].Trim(' '));
                    return true;
                // "ann@example.com, Bob <bob@example.com>" are two addresses, the first of which would be lost as a name.
                case '>':
                case ',' or ';' when sawAt:
                    return false;
                case ' ' when end == 0:
                    break;
                case var c:
                    sawAt |= c == '@';
                    read.Append(c);
                    end = c == ' ' ? end : read.Length;
                    break;
            }
        }

        return true;
    }

    /// <summary>The index of the quote that ends the quoted string at <paramref name="start"/>; -1 where none does.</summary>
    public static int EndOfQuoted(string text, int start)
    {
        for (var i = start + 1; i < text.Length; i++)
        {
            if (text[i] == '"')
                return i;
            if (text[i] == '\\')
                i++;
        }

        return -1;
    }

    private static void Unquote(ReadOnlySpan<char> quoted, StringBuilder name)
    {
        for (var i = 0; i < quoted.Length; i++)
            name.Append(quoted[i] == '\\' ? quoted[++i] : quoted[i]);
    }
}
