using System.Text;
using Contracts.Validation;
using MimeKit;

namespace Consumer.Worker.Smtp;

/// <summary>
/// A mail within the mail: <c>message/rfc822</c>, which must not be encoded as a whole (RFC 2046, section 5.2.1). So it is read, and the parts
/// that the server on the way cannot take are encoded each by itself.
/// </summary>
internal static class ForwardedMail
{
    /// <summary>Reads a mail.</summary>
    /// <exception cref="PermanentMailException">The bytes are not a mail.</exception>
    public static MessagePart Of(ReadOnlySpan<byte> content)
    {
        if (!AttachmentRules.BeginsAsMessage(content))
            throw new PermanentMailException("An attachment that is called a mail (message/rfc822) does not begin with a header field.");
        try
        {
            var message = MimeMessage.Load(new MemoryStream(MailLines.ToCrLf(content)), persistent: true);
            Fit(message);
            return new MessagePart("rfc822", message);
        }
        catch (FormatException exception)
        {
            throw new PermanentMailException($"An attachment that is called a mail (message/rfc822) is none: {exception.Message}", exception);
        }
    }

    private static void Fit(MimeMessage message)
    {
        Fit(message.Headers);
        Fit(message.Body);
    }

    private static void Fit(MimeEntity? entity)
    {
        switch (entity)
        {
            case null:
                return;
            case Multipart multipart:
                foreach (var part in multipart)
                    Fit(part);
                break;
            case MessagePart { Message: { } message }:
                Fit(message);
                break;
        }

        Fit(entity.Headers);
    }

    /// <summary>8 bits in a header, and lines past the limit, are only written anew where there are any: signatures go by the bytes.</summary>
    private static void Fit(HeaderList headers)
    {
        foreach (var header in headers.ToList())
        {
            if (!Ascii.IsValid(header.RawValue) || header.RawValue.AsSpan().IndexOf((byte)'\n') is var end && end > HeaderField.LineLength)
                header.SetValue(Encoding.UTF8, header.Value);
        }
    }
}
