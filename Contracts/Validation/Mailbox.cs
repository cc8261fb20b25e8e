using System.Text;

namespace Contracts.Validation;

/// <summary>One mailbox (RFC 5322, section 3.4), its parts as they were written.</summary>
/// <param name="DisplayName">The name, without its quotes; empty where there is none.</param>
/// <param name="User">What stands before the @, with its quotes where it has any.</param>
/// <param name="Host">What stands behind the @: a domain in the characters of any language, or an address literal.</param>
/// <param name="AsciiHost">The same as DNS and SMTP know it: in A-labels (RFC 5890), by Unicode Technical Standard 46.</param>
public sealed record Mailbox(string DisplayName, string User, string Host, string AsciiHost)
{
    /// <summary>The bare address as it was written, by which the database knows a recipient.</summary>
    public string Address => $"{User}@{Host}";

    /// <summary>The bare address as it is written into the mail and its envelope: ASCII but for the part before the @.</summary>
    public string WireAddress => $"{User}@{AsciiHost}";

    /// <summary>Whether only SMTPUTF8 can carry it (RFC 6531): a domain has a form in ASCII, and what stands before the @ has none.</summary>
    public bool NeedsSmtpUtf8 => !Ascii.IsValid(User);

    /// <summary>
    /// The text by which two spellings of one mailbox are found to be one: the domain's case and form do not count; what stands before
    /// the @ does (RFC 5321, section 2.4).
    /// </summary>
    public string Identity => $"{User}@{AsciiHost.ToLowerInvariant()}";
}
