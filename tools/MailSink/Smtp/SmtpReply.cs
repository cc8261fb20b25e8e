using System.Globalization;
using System.Text;

namespace MailSink.Smtp;

/// <summary>A reply of one or more lines (RFC 5321, 4.2), made once in the form in which it is sent.</summary>
internal sealed class SmtpReply
{
    public SmtpReply(int code, params string[] lines)
    {
        Code = code;
        Text = string.Join('\n', lines);
        var wire = new StringBuilder();
        for (var i = 0; i < lines.Length; i++)
            wire.Append(CultureInfo.InvariantCulture, $"{code}{(i < lines.Length - 1 ? '-' : ' ')}{lines[i]}\r\n");
        Wire = Encoding.UTF8.GetBytes(wire.ToString());
    }

    public int Code { get; }

    public string Text { get; }

    public byte[] Wire { get; }

    /// <summary>221 and 421 end the session (RFC 5321, 3.8).</summary>
    public bool EndsSession => Code is 221 or 421;
}
