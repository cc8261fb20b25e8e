using System.Globalization;
using System.Text;

namespace Consumer.Worker.Alerts;

/// <summary>Words a post for Slack (its "mrkdwn"); a foreign server's words cannot begin a link or a mention in it.</summary>
internal static class SlackText
{
    private const int LongestCause = 300;

    public static string Of(AlertPost post)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"*{post.Total} {(post.Total == 1 ? "mail" : "mails")} went to the dead-letter topic* since {post.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
        foreach (var cause in post.Causes)
        {
            text.Append('\n').Append(CultureInfo.InvariantCulture, $"• {cause.Count} × {Escape(cause.Cause)} (failure {cause.Example.FailureId}");
            if (cause.Example.MailId is { } mail)
                text.Append(CultureInfo.InvariantCulture, $", mail {mail}");
            text.Append(')');
        }

        var rest = post.Total - post.Causes.Sum(cause => cause.Count);
        if (rest > 0)
            text.Append(CultureInfo.InvariantCulture, $"\n• {rest} more of other causes: see GET /failures");
        return text.ToString();
    }

    private static string Escape(string text)
    {
        var cut = text.Length > LongestCause ? $"{text[..LongestCause]}…" : text;
        return cut.ReplaceLineEndings(" ")
            .Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
    }
}
