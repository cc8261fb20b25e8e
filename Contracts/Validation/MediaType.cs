using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Contracts.Validation;

/// <summary>A media type with its parameters (RFC 2045, section 5.1): <c>text/calendar; method=REQUEST; charset="utf-8"</c>.</summary>
/// <param name="Type">What stands before the slash.</param>
/// <param name="Subtype">What stands behind it.</param>
/// <param name="Parameters">Names and values in order, the values without their quotes; no name twice.</param>
public sealed record MediaType(string Type, string Subtype, IReadOnlyList<KeyValuePair<string, string>> Parameters)
{
    /// <summary>Reads a media type; false where it is none, or has a parameter that a mail cannot have twice or in characters beyond ASCII.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out MediaType? type)
    {
        type = null;
        var rest = text.AsSpan();
        if (!TryTake(ref rest, IsNameCharacter, out var major) || !TryTake(ref rest, '/') || !TryTake(ref rest, IsNameCharacter, out var minor))
            return false;

        var parameters = new List<KeyValuePair<string, string>>();
        while (!rest.IsEmpty)
        {
            rest = rest.TrimStart(' ');
            if (!TryTake(ref rest, ';'))
                return false;
            rest = rest.TrimStart(' ');
            if (!TryTake(ref rest, IsAttributeCharacter, out var name) || !TryTake(ref rest, '=') || !TryTakeValue(ref rest, out var value))
                return false;
            if (parameters.Exists(parameter => parameter.Key.Equals(name, StringComparison.OrdinalIgnoreCase)))
                return false;
            parameters.Add(new(name, value));
        }

        type = new MediaType(major, minor, parameters);
        return true;
    }

    /// <summary>Whether it is <paramref name="name"/>, whatever its parameters and its case.</summary>
    public bool Is(string name) => name.Equals($"{Type}/{Subtype}", StringComparison.OrdinalIgnoreCase);

    private static bool TryTake(ref ReadOnlySpan<char> rest, char c)
    {
        if (rest.IsEmpty || rest[0] != c)
            return false;
        rest = rest[1..];
        return true;
    }

    private static bool TryTake(ref ReadOnlySpan<char> rest, Func<char, bool> allowed, out string taken)
    {
        var length = 0;
        while (length < rest.Length && allowed(rest[length]))
            length++;
        taken = rest[..length].ToString();
        rest = rest[length..];
        return length > 0;
    }

    private static bool TryTakeValue(ref ReadOnlySpan<char> rest, out string value)
    {
        if (rest is not ['"', ..])
            return TryTake(ref rest, IsTokenCharacter, out value);

        var text = new StringBuilder();
        value = "";
        for (var i = 1; i < rest.Length; i++)
        {
            if (rest[i] == '"')
            {
                value = text.ToString();
                rest = rest[(i + 1)..];
                return true;
            }

            if (rest[i] == '\\' && ++i == rest.Length || rest[i] is < ' ' or > '~')
                return false;
            text.Append(rest[i]);
        }

        return false;
    }

    // RFC 6838, section 4.2.
    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$&^_.+-".Contains(c, StringComparison.Ordinal);

    private static bool IsTokenCharacter(char c) => c is > ' ' and <= '~' && !"()<>@,;:\\\"/[]?=".Contains(c, StringComparison.Ordinal);

    // Those three make a parameter an encoded or continued one (RFC 2231), which the writer of the mail does itself.
    private static bool IsAttributeCharacter(char c) => IsTokenCharacter(c) && c is not ('*' or '\'' or '%');
}
