using Microsoft.Extensions.Options;
using Persistence.Alerts;

namespace Consumer.Worker.Alerts;

/// <summary>
/// Prometheus' Alertmanager: each episode is an alert, told again after each interval while it goes on, and ended when it is over. Where no
/// worker tells it any more it ends by itself, as <c>endsAt</c> is a few intervals ahead.
/// </summary>
internal sealed class AlertmanagerChannel(IHttpClientFactory clients, IOptions<AlertOptions> options, AlertSource source, TimeProvider timeProvider)
    : HttpAlertChannel(clients, options, timeProvider)
{
    // As Prometheus itself has it: an alert outlives three posts that did not come.
    private const int IntervalsAhead = 4;

    /// <inheritdoc />
    public override string Name => "alertmanager";

    /// <summary>It groups and limits by rules of its own.</summary>
    public override int? MostCauses => 1000;

    /// <inheritdoc />
    public override bool Repeats => true;

    /// <inheritdoc />
    protected override Uri? Address => AlertLinks.Read(Options.AlertmanagerUrl) is { } url ? AlertLinks.Below(url, "api/v2/alerts") : null;

    /// <inheritdoc />
    protected override void Write(AlertPost post, HttpRequestMessage request) => request.Content = JsonContent.Create(post.Digest.Causes.Select(AlertOf));

    private Dictionary<string, object> AlertOf(AlertCause cause)
    {
        var alert = new Dictionary<string, object>
        {
            // What makes it one alert: nothing that changes while it goes on.
            ["labels"] = new { alertname = "MailFailures", environment = source.Environment, fingerprint = cause.Fingerprint },
            ["annotations"] = new
            {
                summary = cause.Title,
                description = AlertText.DetailOf(cause),
                known = cause.IsNew ? "new" : "known",
                open = $"{cause.Open}",
            },
            ["startsAt"] = cause.Since.UtcDateTime,
            // By the clock of this try: a post that was late must not end what goes on.
            ["endsAt"] = (cause.OverAt ?? Time.GetUtcNow() + (Options.DigestInterval * IntervalsAhead)).UtcDateTime,
        };
        if (source.Link(cause) is { } link)
            alert["generatorURL"] = link.AbsoluteUri;
        return alert;
    }
}
