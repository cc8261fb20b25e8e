using System.Buffers;
using System.Globalization;

namespace MailSink.Smtp;

/// <summary>The argument of MAIL and RCPT: <c>FROM:&lt;a@example.com&gt; SIZE=100</c> (RFC 5321, 4.1.2).</summary>
internal readonly record struct PathArgument(string Address, IReadOnlyList<KeyValuePair<string, string?>> Parameters)
{
    private static readonly SearchValues<char> NotInLocalPart = SearchValues.Create(" <>@,;:\"");
    private static readonly SearchValues<char> NotInDomain = SearchValues.Create(" <>,;");

    /// <summary>Cuts the argument into address and parameters; null where there is no path in angle brackets.</summary>
    /// <param name="argument">What follows the verb.</param>
    /// <param name="keyword"><c>FROM:</c> or <c>TO:</c>.</param>
    public static PathArgument? Parse(string argument, string keyword)
    {
        if (!argument.StartsWith(keyword, StringComparison.OrdinalIgnoreCase))
            return null;

        // A space after the colon is an error that old clients make, and harmless.
        var path = argument.AsSpan(keyword.Length).TrimStart();
        if (path is not ['<', ..] || FindEnd(path) is not (> 0 and var end))
            return null;

        var rest = path[(end + 1)..];
        if (rest is not ([] or [' ', ..]))
            return null;

        var parameters = rest.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parameter).ToArray();
        return new PathArgument(WithoutSourceRoute(path[1..end]).ToString(), parameters);
    }

    /// <summary>Whether this is a mailbox with a local part and a domain, within the lengths of RFC 5321, 4.5.3.1.</summary>
    public static bool IsMailbox(string address)
    {
        var at = address.LastIndexOf('@');
        return at is > 0 and <= 64
            && address.Length - at - 1 is > 0 and <= 255
            && !address.Any(char.IsControl)
            && (address[0] == '"' || !address.AsSpan(0, at).ContainsAny(NotInLocalPart))
            && !address.AsSpan(at + 1).ContainsAny(NotInDomain);
    }

    public static bool TryParseSize(string? value, out long size) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out size);

    private static KeyValuePair<string, string?> Parameter(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? new(text.ToUpperInvariant(), null) : new(text[..equals].ToUpperInvariant(), text[(equals + 1)..]);
    }

    // A '>' inside a quoted local part does not end the path.
    private static int FindEnd(ReadOnlySpan<char> path)
    {
        var quoted = false;
        for (var i = 1; i < path.Length; i++)
        {
            switch (path[i])
            {
                case '\\' when quoted:
                    i++;
                    break;
                case '"':
                    quoted = !quoted;
                    break;
                case '>' when !quoted:
                    return i;
            }
        }

        return -1;
    }

    // "@relay.example:user@example.com" is to be taken as "user@example.com" (RFC 5321, appendix C).
    private static ReadOnlySpan<char> WithoutSourceRoute(ReadOnlySpan<char> path) =>
        path is ['@', ..] && path.IndexOf(':') is >= 0 and var colon ? path[(colon + 1)..] : path;
}
