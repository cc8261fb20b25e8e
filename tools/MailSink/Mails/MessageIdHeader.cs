using System.Text;

namespace MailSink.Mails;

/// <summary>Finds the Message-ID in a mail's bytes without parsing the mail, as it is wanted of each mail that comes in.</summary>
internal static class MessageIdHeader
{
    /// <summary>The id without its angle brackets; empty if there is none.</summary>
    public static string Find(ReadOnlySpan<byte> mail)
    {
        while (mail.Length > 0)
        {
            var end = mail.IndexOf("\r\n"u8);
            var line = end < 0 ? mail : mail[..end];
            if (line.Length == 0)
                break;

            if (line.Length >= Name.Length && Ascii.EqualsIgnoreCase(line[..Name.Length], Name))
                return Unfold(mail[Name.Length..]);

            mail = end < 0 ? [] : mail[(end + 2)..];
        }

        return "";
    }

    private static ReadOnlySpan<byte> Name => "Message-ID:"u8;

    // A long id may stand on the next line, after white space (RFC 5322, 2.2.3).
    private static string Unfold(ReadOnlySpan<byte> rest)
    {
        var from = rest.IndexOf((byte)'<');
        var to = rest.IndexOf((byte)'>');
        if (from < 0 || to < from || !IsOneHeader(rest[..from]))
        {
            var end = rest.IndexOf("\r\n"u8);
            return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]).Trim();
        }

        return Encoding.UTF8.GetString(rest[(from + 1)..to]).Trim();
    }

    private static bool IsOneHeader(ReadOnlySpan<byte> beforeId) => !beforeId.ContainsAnyExcept(" \t\r\n"u8);
}
