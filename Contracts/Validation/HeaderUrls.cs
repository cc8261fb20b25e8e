using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Contracts.Validation;

/// <summary>A list of URLs in angle brackets, as the <c>List-</c> headers have it (RFC 2369).</summary>
internal static class HeaderUrls
{
    /// <summary>
    /// The list in ASCII: host names in A-labels, all else beyond ASCII percent-encoded (RFC 3987, section 3.1), and a blank after each comma
    /// between two URLs, so that lines can be broken there.
    /// </summary>
    public static bool TryToAscii(string value, [NotNullWhen(true)] out string? ascii)
    {
        var text = value.Replace(">,<", ">, <", StringComparison.Ordinal);
        ascii = Ascii.IsValid(text) ? text : null;
        if (ascii is not null)
            return true;

        var written = new StringBuilder();
        while (text.Length > 0)
        {
            var open = text.IndexOf('<', StringComparison.Ordinal);
            var outside = open < 0 ? text : text[..(open + 1)];
            if (!Ascii.IsValid(outside))
                return false;
            written.Append(outside);
            text = text[outside.Length..];
            var close = text.IndexOf('>', StringComparison.Ordinal);
            var url = close < 0 ? text : text[..close];
            if (!TryEncode(url, written))
                return false;
            text = text[url.Length..];
        }

        ascii = written.ToString();
        return true;
    }

    private static bool TryEncode(string url, StringBuilder written)
    {
        var (from, to) = Host(url);
        var host = url[from..to];
        if (!Ascii.IsValid(host) && !DomainName.TryToAscii(host, out host))
            return false;
        Escape(url[..from], written);
        written.Append(host);
        Escape(url[to..], written);
        return true;
    }

    /// <summary>Where the host name stands (RFC 3986, section 3.2); nowhere, where the URL has no authority.</summary>
    private static (int From, int To) Host(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
            return (0, 0);
        var from = scheme + 3;
        var to = url.IndexOfAny(['/', '?', '#'], from);
        to = to < 0 ? url.Length : to;
        from = url.LastIndexOf('@', to - 1, to - from) is >= 0 and var user ? user + 1 : from;
        return (from, url.LastIndexOf(':', to - 1, to - from) is >= 0 and var port ? port : to);
    }

    private static void Escape(string text, StringBuilder written)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.IsAscii)
                written.Append((char)rune.Value);
            else
            {
                foreach (var value in bytes[..rune.EncodeToUtf8(bytes)])
                    written.Append('%').Append(value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            }
        }
    }
}
