using System.Text;

namespace MailSink.Smtp;

/// <summary>Judges the arguments of MAIL and RCPT (RFC 5321, 4.1.1.2 and 4.1.1.3) before anything is done for them.</summary>
internal static class EnvelopeCommands
{
    /// <summary>The envelope that MAIL begins, or why it does not.</summary>
    public static (Envelope? Envelope, SmtpReply? Refusal) Mail(string argument, int mostBytes, bool loginOffered)
    {
        if (PathArgument.Parse(argument, "FROM:") is not { } path)
            return (null, Replies.BadPath);
        if (path.Address.Length > 0 && !PathArgument.IsMailbox(path.Address))
            return (null, Replies.BadSender);

        var utf8 = false;
        foreach (var (name, value) in path.Parameters)
        {
            switch (name)
            {
                case "SIZE" when PathArgument.TryParseSize(value, out var size):
                    if (size > mostBytes)
                        return (null, Replies.TooBig);
                    break;
                case "BODY" when value?.ToUpperInvariant() is "7BIT" or "8BITMIME":
                case "AUTH" when value is not null && loginOffered:
                    break;
                case "SMTPUTF8" when value is null:
                    utf8 = true;
                    break;
                default:
                    return (null, name is "SIZE" or "BODY" or "SMTPUTF8" ? Replies.BadParameter : Replies.UnknownParameter);
            }
        }

        return utf8 || Ascii.IsValid(path.Address) ? (new Envelope(path.Address, utf8), null) : (null, Replies.NeedsSmtpUtf8);
    }

    /// <summary>The recipient that RCPT names, or why it cannot be one.</summary>
    public static (string Recipient, SmtpReply? Refusal) Recipient(string argument, Envelope envelope, int mostRecipients)
    {
        if (PathArgument.Parse(argument, "TO:") is not { } path)
            return ("", Replies.BadPath);

        var refusal = path switch
        {
            _ when !PathArgument.IsMailbox(path.Address) && !IsPostmaster(path.Address) => Replies.BadRecipient,
            _ when path.Parameters.Count > 0 => Replies.UnknownParameter,
            _ when !envelope.Utf8 && !Ascii.IsValid(path.Address) => Replies.NeedsSmtpUtf8,
            _ when envelope.Recipients.Count >= mostRecipients => Replies.TooManyRecipients,
            _ => null,
        };
        return (path.Address, refusal);
    }

    // The one address that needs no domain (RFC 5321, 4.5.1).
    private static bool IsPostmaster(string address) => address.Equals("postmaster", StringComparison.OrdinalIgnoreCase);
}
