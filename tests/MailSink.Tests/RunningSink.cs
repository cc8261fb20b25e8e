using MailSink.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace MailSink.Tests;

/// <summary>The whole program in process, on free ports.</summary>
internal sealed class RunningSink : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunningSink(WebApplication app)
    {
        _app = app;
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Http { get; }

    public SmtpSink Smtp => _app.Services.GetRequiredService<SmtpSink>();

    public static async Task<RunningSink> StartAsync()
    {
        var app = SinkHost.Build(["--Sink:SmtpPort=0", "--Sink:HttpPort=0"]);
        await app.StartAsync();
        return new RunningSink(app);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
