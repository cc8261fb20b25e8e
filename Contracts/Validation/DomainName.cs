using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Contracts.Validation;

/// <summary>
/// What stands behind the @. A domain in other characters than ASCII is mapped by Unicode Technical Standard 46, as browsers do it
/// (case, composed and full-width forms do not count; ß and ς stay letters of their own), and written in A-labels. The tables are
/// those of ICU: without them .NET encodes what it is given, which is another domain.
/// </summary>
public static class DomainName
{
    private const int LabelLength = 63;
    private const int Length = 253;
    private const string Ipv6Tag = "IPv6:";

    private static readonly IdnMapping Idn = new();

    // What is encoded already may be of a later Unicode than the tables at hand.
    private static readonly IdnMapping Decoding = new() { AllowUnassigned = true };

    /// <summary>
    /// Whether domains are mapped here as they must be. Not so in .NET's invariant mode, and nothing may be sent then: a mail to
    /// <c>BÜCHER.example</c> would go to another domain.
    /// </summary>
    public static bool IsMapped => TryToAscii("BÜCHER.example", out var ascii) && ascii == "xn--bcher-kva.example";

    /// <summary>The domain as DNS knows it; one that is ASCII stays as it is written. False where it is not a domain.</summary>
    public static bool TryToAscii(string name, [NotNullWhen(true)] out string? ascii)
    {
        if (Read(name, out ascii) is not null)
            ascii = null;
        return ascii is not null;
    }

    /// <summary>Reads a domain or an address literal.</summary>
    /// <returns>What is wrong with it, to follow the field's name; <c>null</c> where nothing is.</returns>
    internal static string? Read(string host, out string ascii)
    {
        ascii = host;
        if (host is ['[', .., ']'])
            return IsLiteral(host.AsSpan(1..^1)) ? null : "has an address literal that is not valid; [192.0.2.1] or [IPv6:2001:db8::1] is expected (RFC 5321, section 4.1.3)";
        if (!Ascii.IsValid(host))
        {
            try
            {
                ascii = Idn.GetAscii(host);
            }
            catch (ArgumentException)
            {
                return InvisibleCharacters.FirstIn(host) is { } invisible
                    ? $"has {invisible} in its domain, which no domain has"
                    : "has a domain that has no form in ASCII (UTS 46): an empty part, one of more than 63 octets, or a character that no domain has";
            }
        }

        if (ascii.Length > Length)
            return $"has a domain of {ascii.Length} octets in ASCII; at most {Length} are allowed";
        foreach (var part in ascii.AsSpan().Split('.'))
        {
            if (ExplainLabel(ascii.AsSpan(part)) is { } reason)
                return reason;
        }

        return CanBeDecoded(ascii) ? null : "has a domain with a part that begins with xn-- and stands for nothing (RFC 5891)";
    }

    // RFC 5321, 4.1.2, and the underscore, which names of hosts have all the same.
    private static string? ExplainLabel(ReadOnlySpan<char> label)
    {
        if (label.IsEmpty)
            return "has a domain with an empty part; names with one dot between them are expected, such as example.com";
        if (label.Length > LabelLength)
            return $"has a domain with a part of {label.Length} octets; at most {LabelLength} are allowed between two dots";
        foreach (var c in label)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
                return "has a domain with a character that no domain has; letters, digits and hyphens are allowed";
        }

        return label is ['-', ..] or [.., '-'] ? "has a domain with a hyphen at the end of a part" : null;
    }

    private static bool CanBeDecoded(string ascii)
    {
        if (!ascii.Contains("xn--", StringComparison.OrdinalIgnoreCase))
            return true;
        try
        {
            Decoding.GetUnicode(ascii);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    // Written out as they are read again, so that none of the shorter forms passes that only some programs know ("127.1", "0x7f.1").
    private static bool IsLiteral(ReadOnlySpan<char> text)
    {
        if (!text.StartsWith(Ipv6Tag, StringComparison.OrdinalIgnoreCase))
            return IPAddress.TryParse(text, out var four) && four.AddressFamily == AddressFamily.InterNetwork && text.SequenceEqual(four.ToString());
        var address = text[Ipv6Tag.Length..];
        return !address.ContainsAny("%[]/") && IPAddress.TryParse(address, out var six) && six.AddressFamily == AddressFamily.InterNetworkV6;
    }
}
