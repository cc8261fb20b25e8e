using System.Diagnostics.CodeAnalysis;
using System.Net.Mail;

namespace Contracts.Validation;

/// <summary>
/// One address as the fields of a mail hold it: <c>a@example.com</c> or <c>Ann &lt;a@example.com&gt;</c>. The framework's
/// <see cref="MailAddress"/> decides, narrowed where it is laxer than mail servers are.
/// </summary>
public static class EmailAddress
{
    /// <summary>Takes an address apart, where it is one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out MailAddress? address)
    {
        if (Read(text, out address) is not null)
            address = null;
        return address is not null;
    }

    /// <summary>Why <paramref name="text"/> is not one address, to follow the field's name; <c>null</c> where it is one.</summary>
    public static string? Explain(string text) => Read(text, out _);

    private static string? Read(string text, out MailAddress? address)
    {
        address = null;
        const string Form = "one address is expected, such as ann@example.com or Ann <ann@example.com>";
        if (string.IsNullOrWhiteSpace(text))
            return $"is empty; {Form}";
        if (text.Length > SendEmailLimits.MailboxLength)
            return $"has {text.Length} characters; an address with its name has at most {SendEmailLimits.MailboxLength}";
        // MailAddress takes folded white space (CR LF), which must never come near a header or an SMTP command.
        if (!Texts.IsOneLine(text) || text.Contains('\t', StringComparison.Ordinal))
            return "holds a control character, which no address may";
        if (!MailAddress.TryCreate(text, out address))
            return $"is not a valid e-mail address; {Form}";
        return ExplainParts(text, address, Form);
    }

    private static string? ExplainParts(string text, MailAddress address, string form)
    {
        var bare = address.Address;
        // "ann@example.com bob@example.com" parses as a mailbox whose name is the first address, and "(comments)" are dropped.
        if (!text.TrimEnd().EndsWith('>') && text.Trim() != bare)
            return $"holds text beside the address; {form}";
        if (bare.Length > SendEmailLimits.AddressLength)
            return $"has an address of {bare.Length} characters; at most {SendEmailLimits.AddressLength} are allowed";
        if (address.User.Length > SendEmailLimits.LocalPartLength)
            return $"has {address.User.Length} characters before the @; at most {SendEmailLimits.LocalPartLength} are allowed";
        // MailAddress lets "ann.@example.com" pass, which RFC 5321 section 4.1.2 and what writes the mail do not.
        if (address.User.StartsWith('.') || address.User.EndsWith('.'))
            return $"has a dot at the end of the part before the @; {form}";
        if (!IsDomain(address.Host))
            return $"has a domain that is none; {form}";
        return null;
    }

    // RFC 5321, 4.1.2, and names in the characters of any language, which the worker encodes (IDNA); or an address literal.
    private static bool IsDomain(ReadOnlySpan<char> host)
    {
        if (host is ['[', .., ']'])
            return true;
        foreach (var label in host.Split('.'))
        {
            if (!IsLabel(host[label]))
                return false;
        }

        return true;
    }

    private static bool IsLabel(ReadOnlySpan<char> label)
    {
        foreach (var c in label)
        {
            if (!char.IsLetterOrDigit(c) && c is not ('-' or '_' or > '\u007f'))
                return false;
        }

        return label is not ([] or ['-', ..] or [.., '-']);
    }
}
