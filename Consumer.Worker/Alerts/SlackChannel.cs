using System.Text;
using Microsoft.Extensions.Options;
using Persistence.Alerts;

namespace Consumer.Worker.Alerts;

/// <summary>Slack, by an incoming webhook: a text in its "mrkdwn", in which a foreign server's words cannot begin a link or a mention.</summary>
internal sealed class SlackChannel(IHttpClientFactory clients, IOptions<AlertOptions> options, AlertSource source, TimeProvider timeProvider)
    : HttpAlertChannel(clients, options, timeProvider)
{
    /// <inheritdoc />
    public override string Name => "slack";

    /// <inheritdoc />
    protected override Uri? Address => AlertLinks.Read(Options.SlackWebhookUrl);

    /// <inheritdoc />
    protected override void Write(AlertPost post, HttpRequestMessage request) => request.Content = JsonContent.Create(new { text = TextOf(source.Text(post.Digest)) });

    private static string TextOf(AlertText words)
    {
        var text = new StringBuilder().Append('*').Append(Escape(words.Headline)).Append('*');
        foreach (var line in words.Lines)
        {
            text.Append("\n• *").Append(line.Label).Append("*: ").Append(Escape(line.Title)).Append("\n   ").Append(Escape(line.Detail));
            if (line.Link is { } link)
                text.Append(" <").Append(Escape(link.AbsoluteUri)).Append("|Show>");
        }

        return (words.Rest is null ? text : text.Append("\n• ").Append(Escape(words.Rest))).ToString();
    }

    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal);
}
