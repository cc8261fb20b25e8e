using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Contracts.Validation;

/// <summary>
/// One address as the fields of a mail hold it: <c>a@example.com</c>, <c>Ann &lt;a@example.com&gt;</c> or
/// <c>"Ann \"The Boss\" Lee" &lt;a@example.com&gt;</c> (RFC 5322, section 3.4, in the characters of any language: RFC 6532). The name may hold
/// what a strict reader wants quoted, since people write it so; the address may not.
/// </summary>
public static class EmailAddress
{
    private const string Form = "one address is expected, such as ann@example.com or Ann <ann@example.com>";

    /// <summary>Takes an address apart, where it is one.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Mailbox? address) => Read(text, out address) is null && address is not null;

    /// <summary>Why <paramref name="text"/> is not one address, to follow the field's name; <c>null</c> where it is one.</summary>
    public static string? Explain(string text) => Read(text, out _);

    private static string? Read(string text, out Mailbox? mailbox)
    {
        mailbox = null;
        if (string.IsNullOrWhiteSpace(text))
            return $"is empty; {Form}";
        if (text.Length > SendEmailLimits.MailboxLength)
            return $"has {text.Length} characters; an address with its name has at most {SendEmailLimits.MailboxLength}";
        if (!Texts.IsOneLine(text) || text.Contains('\t', StringComparison.Ordinal))
            return "holds a control character, which no address may";
        return DisplayNames.TrySplit(text.Trim(' '), out var name, out var bare)
            ? ReadBare(name, bare, out mailbox)
            : $"is not a valid e-mail address; {Form}";
    }

    private static string? ReadBare(string name, string bare, out Mailbox? mailbox)
    {
        mailbox = null;
        if (bare.Length > SendEmailLimits.AddressLength)
            return $"has an address of {bare.Length} characters; at most {SendEmailLimits.AddressLength} are allowed";
        var at = EndOfLocalPart(bare);
        if (at <= 0 || at >= bare.Length - 1 || bare[at] != '@')
            return $"is not a valid e-mail address; {Form}";

        var (user, host) = (bare[..at], bare[(at + 1)..]);
        if (ExplainLocalPart(user) is { } ofUser)
            return ofUser;
        if (DomainName.Read(host, out var ascii) is { } ofHost)
            return ofHost;
        var octets = Encoding.UTF8.GetByteCount(user) + 1 + ascii.Length;
        if (octets > SendEmailLimits.AddressLength)
            return $"has an address of {octets} octets, its domain in ASCII; at most {SendEmailLimits.AddressLength} are allowed";
        mailbox = new Mailbox(name, user, host, ascii);
        return null;
    }

    private static int EndOfLocalPart(string bare) => bare.StartsWith('"') ? DisplayNames.EndOfQuoted(bare, 0) + 1 : bare.IndexOf('@', StringComparison.Ordinal);

    private static string? ExplainLocalPart(string user)
    {
        if (InvisibleCharacters.FirstIn(user) is { } invisible)
            return $"has {invisible} before the @, which nobody sees; remove it";
        var octets = Encoding.UTF8.GetByteCount(user);
        if (octets > SendEmailLimits.LocalPartLength)
            return $"has {octets} octets before the @; at most {SendEmailLimits.LocalPartLength} are allowed";
        // In quotes everything may stand that one line may hold; EndOfLocalPart saw to it that the quotes are right.
        if (user[0] == '"')
            return null;
        if (user[0] == '.' || user[^1] == '.' || user.Contains("..", StringComparison.Ordinal))
            return $"has a dot at the end of the part before the @, or two in a row; {Form}";
        foreach (var c in user)
        {
            if (!IsAtomText(c))
                return $"has '{c}' before the @, which stands there in quotes alone; {Form}";
        }

        return null;
    }

    // RFC 5322, 3.2.3, the dot between atoms, and RFC 6532, 3.2.
    private static bool IsAtomText(char c) => char.IsAsciiLetterOrDigit(c) || c > '\u007f' || ".!#$%&'*+-/=?^_`{|}~".Contains(c, StringComparison.Ordinal);
}
