using Consumer.Worker.Tests.Hosting;
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
    public async Task While_it_sends_the_row_says_nothing()
    {
        await using var worker = await RunningWorker.StartAsync();
        await worker.WhenAsync(await worker.PostAsync("bob@example.com"), MailState.Sent);
        (await worker.Workers.FindPauseAsync()).ShouldBeNull();
    }
}
