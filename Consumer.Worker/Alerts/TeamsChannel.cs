using Contracts.Validation;
using Microsoft.Extensions.Options;
using Persistence.Alerts;

namespace Consumer.Worker.Alerts;

/// <summary>
/// Microsoft Teams, by the webhook of a workflow: a message with an Adaptive Card. All text is in text runs, which know no markdown, so that
/// a foreign server's words cannot begin a link or a mention.
/// </summary>
internal sealed class TeamsChannel(IHttpClientFactory clients, IOptions<AlertOptions> options, AlertSource source, TimeProvider timeProvider)
    : HttpAlertChannel(clients, options, timeProvider)
{
    // A card shows six at most.
    private const int MostActions = 6;
    private const int LongestButton = 60;

    /// <inheritdoc />
    public override string Name => "teams";

    /// <inheritdoc />
    protected override Uri? Address => AlertLinks.Read(Options.TeamsWebhookUrl);

    /// <inheritdoc />
    protected override void Write(AlertPost post, HttpRequestMessage request) => request.Content = JsonContent.Create(new
    {
        type = "message",
        attachments = new[] { new { contentType = "application/vnd.microsoft.card.adaptive", content = Card(source.Text(post.Digest)) } },
    });

    private static Dictionary<string, object> Card(AlertText words) => new()
    {
        ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
        ["type"] = "AdaptiveCard",
        ["version"] = "1.4",
        ["msteams"] = new { width = "Full" },
        ["body"] = new object[] { Block(Run(words.Headline, bold: true, "Large")) }
            .Concat(words.Lines.Select(line => Block(Run($"{line.Label}: ", bold: true), Run(line.Title), Run($"\n{line.Detail}"))))
            .Concat(words.Rest is null ? [] : new[] { Block(Run(words.Rest)) }),
        ["actions"] = words.Lines.Where(line => line.Link is not null).Take(MostActions)
            .Select(line => new { type = "Action.OpenUrl", title = Texts.Cut(line.Title, LongestButton), url = line.Link!.AbsoluteUri }),
    };

    private static object Block(params object[] inlines) => new { type = "RichTextBlock", inlines };

    private static object Run(string text, bool bold = false, string size = "Default") => new { type = "TextRun", text, weight = bold ? "Bolder" : "Default", size };
}
