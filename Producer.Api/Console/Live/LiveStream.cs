using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using Persistence;
using Persistence.Stats;

namespace Producer.Api.Console.Live;

/// <summary>
/// Tells a tab that there are news, as server-sent events; the page fetches what they are, and is made by the same code as ever. An event's id
/// holds the marks that it tells, so that a tab that connects again, to whichever instance, learns what it has missed.
/// </summary>
internal static class LiveStream
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(15);

    /// <summary>How often pages of numbers are fetched anew.</summary>
    private static readonly TimeSpan Clock = TimeSpan.FromSeconds(6);

    // Clients connect again where a stream ends, which also asks anew whether their key is still valid.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    public static void Map(RouteGroupBuilder console) => console.MapGet("/live", StreamAsync).RequireAuthorization();

    private static async Task StreamAsync(HttpContext context, ChangeStore changes, TimeProvider timeProvider, IHostApplicationLifetime lifetime)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var (cancellationToken, response) = (either.Token, context.Response);
        response.ContentType = "text/event-stream";
        // Proxies that gather responses must not hold these back.
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var last = context.Request.Headers["Last-Event-ID"].ToString();
        var (started, told) = (timeProvider.GetTimestamp(), timeProvider.GetTimestamp());
        try
        {
            await response.WriteAsync("retry: 3000\n\n", cancellationToken);
            while (timeProvider.GetElapsedTime(started) < Longest)
            {
                if (await FindAsync(changes, timeProvider, cancellationToken) is { } id && id != last)
                {
                    await response.WriteAsync($"id: {id}\nevent: marks\ndata: {id}\n\n", cancellationToken);
                    (last, told) = (id, timeProvider.GetTimestamp());
                }
                else if (timeProvider.GetElapsedTime(told) >= HeartbeatEvery)
                {
                    await response.WriteAsync(": heartbeat\n\n", cancellationToken);
                    told = timeProvider.GetTimestamp();
                }

                await response.Body.FlushAsync(cancellationToken);
                await Task.Delay(Pause, timeProvider, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The tab was closed, or this instance stops: the tab connects to another.
        }
    }

    /// <summary>The marks as one text without spaces: of failures, of mails, and of the time; null while Postgres does not respond: that is not news.</summary>
    private static async Task<string?> FindAsync(ChangeStore changes, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        try
        {
            var found = await changes.FindAsync(cancellationToken);
            return string.Create(CultureInfo.InvariantCulture, $"{found.Failures}/{found.Mails}/{timeProvider.GetUtcNow().UtcTicks / Clock.Ticks}");
        }
        catch (Exception exception) when (PostgresErrors.IsPassing(exception))
        {
            return null;
        }
    }
}
