using System.Text;
using Contracts.Validation;
using MimeKit;

namespace Consumer.Worker.Smtp;

/// <summary>Addresses as the mail's JSON holds them, made MimeKit's.</summary>
internal static class MailAddresses
{
    /// <summary>One mailbox, name and address apart.</summary>
    /// <exception cref="PermanentMailException">The text is not an address, so no bytes of it may reach a header or a command.</exception>
    public static MailboxAddress Mailbox(string text)
    {
        if (!EmailAddress.TryParse(text, out var address))
            throw new PermanentMailException($"An address cannot be used: it {EmailAddress.Explain(text)}.");
        try
        {
            return new MailboxAddress(Encoding.UTF8, EncodedWords.Literal(address.DisplayName), address.Address);
        }
        catch (ParseException exception)
        {
            throw new PermanentMailException($"The address {text} cannot be used: {exception.Message}.", exception);
        }
    }

    /// <summary>A bare address that one of the mail's mailboxes had, for the envelope.</summary>
    public static MailboxAddress OfBare(string address) => new(Encoding.UTF8, "", address);

    /// <summary>The bare address: by which the envelope and the database know a recipient.</summary>
    /// <exception cref="PermanentMailException">The text is not an address.</exception>
    public static string Bare(string text) => Mailbox(text).Address;
}
