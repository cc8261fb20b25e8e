using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace MailSink.Tests;

/// <summary>Sends mails as an application does, by MailKit.</summary>
internal static class Mailing
{
    public static async Task<SmtpClient> ClientAsync(SmtpSink sink, SecureSocketOptions tls = SecureSocketOptions.None)
    {
        var client = new SmtpClient { CheckCertificateRevocation = false };
        if (sink.Certificate is { } trusted)
            client.ServerCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == trusted.GetCertHashString();
        await client.ConnectAsync("127.0.0.1", sink.Port, tls);
        return client;
    }

    public static MimeMessage Mail(string to = "bob@example.com", string subject = "Hello", string text = "Hi Bob", string? html = null)
    {
        var mail = new MimeMessage { Subject = subject };
        mail.From.Add(new MailboxAddress("Ann", "ann@example.com"));
        mail.To.Add(new MailboxAddress("Bob", to));
        mail.Body = new BodyBuilder { TextBody = text, HtmlBody = html }.ToMessageBody();
        return mail;
    }

    public static async Task SendAsync(SmtpSink sink, params MimeMessage[] mails)
    {
        using var client = await ClientAsync(sink);
        foreach (var mail in mails)
            await client.SendAsync(mail);
        await client.DisconnectAsync(quit: true);
    }

    /// <summary>The code with which a recipient is refused; null if it is taken.</summary>
    public static async Task<int?> TryAsync(SmtpSink sink, string to)
    {
        try
        {
            await SendAsync(sink, Mail(to));
            return null;
        }
        catch (SmtpCommandException refusal)
        {
            return (int)refusal.StatusCode;
        }
    }
}
