using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace MailSink.Hosting;

/// <summary>Starts and stops the sink with the program, and says where it is once all of it listens.</summary>
internal sealed class SinkService(SmtpSink sink, SinkOptions options, IServer server, ILogger<SinkService> logger) : IHostedLifecycleService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        sink.Start();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var page = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "no address";
        logger.LogInformation("SMTP on {Address}:{Port}, page on {Page}", options.BindAddress, sink.Port, page);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken) => await sink.DisposeAsync();

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
