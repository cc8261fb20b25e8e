using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Persistence.Alerts;

namespace Consumer.Worker.Alerts;

/// <summary>
/// A webhook of anybody's own: the digest as JSON, signed as Standard Webhooks has it. <c>webhook-id</c> is the same in each try, so that
/// the receiver can recognize what it has.
/// </summary>
internal sealed class WebhookChannel(IHttpClientFactory clients, IOptions<AlertOptions> options, AlertSource source, TimeProvider timeProvider)
    : HttpAlertChannel(clients, options, timeProvider)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <inheritdoc />
    public override string Name => "webhook";

    /// <inheritdoc />
    protected override Uri? Address => AlertLinks.Read(Options.WebhookUrl);

    /// <inheritdoc />
    protected override void Write(AlertPost post, HttpRequestMessage request)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new { Type = "failures.digest", Timestamp = post.CreatedAt, Data = Data(post.Digest) }, Json);
        var (id, time) = ($"msg_{post.Id:N}", Time.GetUtcNow().ToUnixTimeSeconds());
        request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", time.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSignature.Of(WebhookSignature.Key(Options.WebhookSecret!)!, id, time, body));
    }

    private object Data(AlertDigest digest) => new
    {
        source.Environment,
        digest.Failures,
        Causes = digest.Causes.Select(cause => new
        {
            cause.EpisodeId,
            cause.Fingerprint,
            cause.Title,
            cause.IsNew,
            cause.Failures,
            cause.FailuresInAll,
            cause.Open,
            cause.FailureId,
            cause.Since,
            cause.Latest,
            cause.OverAt,
            cause.Over,
            Link = source.Link(cause)?.AbsoluteUri,
        }),
        digest.OtherCauses,
        digest.OtherFailures,
        digest.OtherOver,
    };
}
