using Consumer.Worker.Hosting;
using Consumer.Worker.Sending;
using Consumer.Worker.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Sending;

internal sealed class MailPauseTests
{
    [Test]
    public async Task While_the_mail_server_is_away_the_workers_row_says_what_mails_wait_for()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:Host=127.0.0.1", "--Smtp:Port=1");
        var id = await worker.PostAsync("bob@example.com");

        var pause = await Eventually.Value(() => worker.Workers.FindPauseAsync(), pause => pause is not null, null, "the heartbeat says that it pauses");
        pause!.Reason.ShouldContain("127.0.0.1:1");
        pause.Since.ShouldNotBeNull();
        await worker.WhenAsync(id, MailState.Queued);
    }

    [Test]
    public async Task Before_the_rider_has_been_started_it_says_so()
    {
        await using var app = WorkerHost.Build(["--Kafka:BootstrapServers=127.0.0.1:1", "--Database:ConnectionString=Host=127.0.0.1;Port=1", "--Smtp:Host=127.0.0.1"]);
        app.Services.GetRequiredService<MailPause>().Now!.Reason.ShouldBe("The worker is starting.");
    }

    [Test]
    public async Task While_it_sends_the_row_says_nothing()
    {
        await using var worker = await RunningWorker.StartAsync();
        await worker.WhenAsync(await worker.PostAsync("bob@example.com"), MailState.Sent);
        (await worker.Workers.FindPauseAsync()).ShouldBeNull();
    }
}
