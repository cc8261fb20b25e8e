using System.Diagnostics.CodeAnalysis;
using System.Text;
using Contracts.Validation;
using MimeKit;
using MimeKit.Encodings;

namespace Consumer.Worker.Smtp;

/// <summary>Addresses as the mail's JSON holds them, taken apart, and made MimeKit's for the envelope.</summary>
internal static class MailAddresses
{
    static MailAddresses() => MailboxAddress.IdnMapping = new ALabels();

    /// <summary>Whether two addresses are one mailbox, however they are spelt: the domain's case and form do not count, what stands before the @ does.</summary>
    public static IEqualityComparer<string> SameMailbox { get; } = new ByIdentity();

    /// <summary>One mailbox, its parts apart.</summary>
    /// <exception cref="PermanentMailException">The text is not an address, so no bytes of it may reach a header or a command.</exception>
    public static Mailbox Parse(string text) => EmailAddress.TryParse(text, out var mailbox)
        ? mailbox
        : throw new PermanentMailException($"An address cannot be used: it {EmailAddress.Explain(text)}.");

    /// <summary>One mailbox with its name as MimeKit's, its domain in A-labels.</summary>
    /// <exception cref="PermanentMailException">The text is not an address.</exception>
    public static MailboxAddress Mailbox(string text)
    {
        var mailbox = Parse(text);
        var address = ForEnvelope(mailbox);
        address.Name = mailbox.DisplayName;
        return address;
    }

    /// <summary>A mailbox as the envelope has it (RFC 5321): its domain in A-labels, whatever form the caller wrote.</summary>
    /// <exception cref="PermanentMailException">MimeKit, which writes the command, does not take the address.</exception>
    public static MailboxAddress ForEnvelope(Mailbox mailbox)
    {
        try
        {
            return new MailboxAddress(Encoding.UTF8, "", mailbox.WireAddress);
        }
        catch (ParseException exception)
        {
            throw new PermanentMailException($"The address {mailbox.Address} cannot be used: {exception.Message}.", exception);
        }
    }

    /// <summary>The bare address as it was written: by which the database knows a recipient.</summary>
    /// <exception cref="PermanentMailException">The text is not an address.</exception>
    public static string Bare(string text) => Parse(text).Address;

    /// <summary>What stands behind the @ of an address.</summary>
    public static string DomainOf(string address) => address[(address.LastIndexOf('@') + 1)..];

    /// <summary>An address or a domain for a comparison without regard to case, and to which of its two forms the domain has.</summary>
    public static string Comparable(string text)
    {
        var at = text.LastIndexOf('@') + 1;
        return (text[..at] + (DomainName.TryToAscii(text[at..], out var domain) ? domain : text[at..])).ToUpperInvariant();
    }

    /// <summary>
    /// Domains are mapped by <see cref="DomainName"/>, which the validation uses too. MimeKit would decode them for SMTPUTF8, and encode
    /// them by a table of its own.
    /// </summary>
    private sealed class ALabels : IPunycode
    {
        public string Encode(string unicode) => DomainName.TryToAscii(unicode, out var ascii) ? ascii : unicode;

        public string Encode(string unicode, int index) => Encode(unicode[index..]);

        public string Encode(string unicode, int index, int count) => Encode(unicode.Substring(index, count));

        public string Decode(string ascii) => ascii;

        public string Decode(string ascii, int index) => ascii[index..];

        public string Decode(string ascii, int index, int count) => ascii.Substring(index, count);
    }

    private sealed class ByIdentity : IEqualityComparer<string>
    {
        public bool Equals(string? x, string? y) => x == y || x is not null && y is not null && Identity(x) == Identity(y);

        public int GetHashCode([DisallowNull] string address) => Identity(address).GetHashCode(StringComparison.Ordinal);

        private static string Identity(string address) => EmailAddress.TryParse(address, out var mailbox) ? mailbox.Identity : address;
    }
}
