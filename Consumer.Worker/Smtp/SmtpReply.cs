using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Consumer.Worker.Smtp;

/// <summary>A server's reply.</summary>
/// <param name="Code">The reply code (RFC 5321 section 4.2).</param>
/// <param name="EnhancedCode">The enhanced status code (RFC 3463), where the server gives one.</param>
/// <param name="Text">What the server said, without the codes; one line, bounded.</param>
internal sealed partial record SmtpReply(int Code, string? EnhancedCode, string Text)
{
    /// <summary>The longest text that is stored; RFC 5321 allows 512 bytes a line.</summary>
    public const int MaxTextLength = 1024;

    public static SmtpReply From(SmtpResponse response) => Parse((int)response.StatusCode, response.Response);

    public static SmtpReply From(SmtpCommandException exception) => Parse((int)exception.StatusCode, exception.Message);

    /// <summary>The reply that refused a login; none where MailKit raised the exception for another reason. It gives the reply as text, "535: 5.7.8 …", and by one overload as an exception within.</summary>
    public static SmtpReply? From(AuthenticationException exception) => exception.InnerException is SmtpCommandException command
        ? From(command)
        : exception.Message.Length > 4 && exception.Message[3] == ':' && int.TryParse(exception.Message.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? Parse(code, exception.Message[4..])
            : null;

    /// <summary>Takes a reply's text apart; what a foreign server writes comes into logs and rows only as one printable line.</summary>
    public static SmtpReply Parse(int code, string? text)
    {
        var line = OneLine(text ?? "");
        var match = Enhanced().Match(line);
        return match.Success
            ? new SmtpReply(code, match.Groups["code"].Value, line[match.Length..])
            : new SmtpReply(code, null, line);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Code}{(EnhancedCode is null ? "" : " ")}{EnhancedCode} {Text}").TrimEnd();

    private static string OneLine(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, MaxTextLength));
        foreach (var character in text.AsSpan().Trim())
        {
            if (line.Length == MaxTextLength)
                break;
            line.Append(char.IsControl(character) ? ' ' : character);
        }

        return line.ToString();
    }

    [GeneratedRegex(@"^(?<code>[245]\.[0-9]{1,3}\.[0-9]{1,3})(\s+|$)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Enhanced();
}
