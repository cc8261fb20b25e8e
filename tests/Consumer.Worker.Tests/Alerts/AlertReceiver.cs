using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Consumer.Worker.Tests.Alerts;

/// <summary>A request as it came.</summary>
internal sealed record Received(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Bytes)
{
    public string Body => System.Text.Encoding.UTF8.GetString(Bytes);
}

/// <summary>Takes posts by HTTP, as the services do that alerts go to; the next ones fail as it is told.</summary>
internal sealed class AlertReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _next = new();
    private readonly ConcurrentQueue<Received> _received = new();
    private readonly ConcurrentQueue<(DateTime At, Received Post)> _failed = new();
    private readonly WebApplication _app;

    private AlertReceiver(string url)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    /// <summary>Its address, without a path.</summary>
    public string Url { get; private set; } = "";

    /// <summary>What it took, in order.</summary>
    public IReadOnlyList<Received> Posts => [.. _received];

    /// <summary>What it did not take, with the time at which it came.</summary>
    public IReadOnlyList<(DateTime At, Received Post)> Failed => [.. _failed];

    public static async Task<AlertReceiver> StartAsync(string url = "http://127.0.0.1:0")
    {
        var receiver = new AlertReceiver(url);
        await receiver._app.StartAsync();
        receiver.Url = receiver._app.Urls.First();
        return receiver;
    }

    /// <summary>Replies to the next post with a status.</summary>
    public void FailNext(HttpStatusCode status, string? retryAfter = null) => _next.Enqueue(context =>
    {
        context.Response.StatusCode = (int)status;
        if (retryAfter is not null)
            context.Response.Headers.RetryAfter = retryAfter;
        if (status == HttpStatusCode.Redirect)
            context.Response.Headers.Location = "/elsewhere";
        return Task.CompletedTask;
    });

    /// <summary>Does not reply to the next post.</summary>
    public void HangNext() => _next.Enqueue(context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var post = new Received(
            context.Request.Method, context.Request.Path, context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray());
        if (_next.TryDequeue(out var fail))
        {
            _failed.Enqueue((DateTime.UtcNow, post));
            await fail(context);
        }
        else
        {
            _received.Enqueue(post);
        }
    }
}
