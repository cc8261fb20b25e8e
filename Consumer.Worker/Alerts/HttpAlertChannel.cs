using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Options;
using Persistence.Alerts;

namespace Consumer.Worker.Alerts;

/// <summary>A channel that is one POST. Its address may be a secret: neither it nor an exception that may quote it is told.</summary>
internal abstract class HttpAlertChannel(IHttpClientFactory clients, IOptions<AlertOptions> options, TimeProvider timeProvider) : IAlertChannel
{
    /// <summary>The name of the HTTP client of all of them.</summary>
    public const string HttpClientName = "alerts";

    // What is asked for beyond this is not worth waiting for: by then there is more to say.
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    /// <inheritdoc />
    public abstract string Name { get; }

    /// <inheritdoc />
    public bool IsConfigured => Address is not null;

    /// <inheritdoc />
    public virtual int? MostCauses => null;

    /// <inheritdoc />
    public virtual bool Repeats => false;

    /// <summary>The options.</summary>
    protected AlertOptions Options => options.Value;

    /// <summary>The clock.</summary>
    protected TimeProvider Time => timeProvider;

    /// <summary>Where it posts; null where it is not set up.</summary>
    protected abstract Uri? Address { get; }

    /// <inheritdoc />
    public async Task<AlertOutcome> PostAsync(AlertPost post, CancellationToken cancellationToken)
    {
        using var client = clients.CreateClient(HttpClientName);
        using var request = new HttpRequestMessage(HttpMethod.Post, Address);
        Write(post, request);
        try
        {
            // The body is of no interest, and may be endless.
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.IsSuccessStatusCode
                ? AlertOutcome.Sent
                : new AlertOutcome($"HTTP status {(int)response.StatusCode}", IsRefused(response.StatusCode), RetryAfter(response));
        }
        catch (HttpRequestException exception)
        {
            return new AlertOutcome($"{exception.HttpRequestError}{(exception.GetBaseException() is SocketException or AuthenticationException ? $": {exception.GetBaseException().Message}" : "")}");
        }
    }

    /// <summary>Writes body and headers.</summary>
    protected abstract void Write(AlertPost post, HttpRequestMessage request);

    /// <summary>
    /// What is wrong with this very post, so that the next one may go better; and 410, by which a webhook is ended. A wrong address or login may be
    /// put right meanwhile, and what the server failed at may pass.
    /// </summary>
    private static bool IsRefused(HttpStatusCode status) => status is
        HttpStatusCode.BadRequest or HttpStatusCode.Gone or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnsupportedMediaType or HttpStatusCode.UnprocessableEntity;

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter is { } header ? header.Delta ?? header.Date - timeProvider.GetUtcNow() : null;
        return wait > LongestRetryAfter ? LongestRetryAfter : wait > TimeSpan.Zero ? wait : null;
    }
}
