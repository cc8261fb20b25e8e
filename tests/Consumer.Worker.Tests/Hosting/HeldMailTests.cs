using NUnit.Framework;
using Persistence.Mails;
using Shouldly;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>A copy of a system writes to nobody but those who are named.</summary>
internal sealed class HeldMailTests
{
    [Test]
    public async Task A_mail_to_anybody_else_is_held_and_its_page_health_and_the_log_say_why()
    {
        using var log = new Testing.LogLines();
        await using var worker = await RunningWorker.StartAsync(log, "--Smtp:OnlyTo=tester@example.com, example.org");

        var held = await worker.PostAsync("customer@example.com");
        var mail = await worker.WhenAsync(held, MailState.Held);

        mail.LastError.ShouldBe("Held back: Smtp:OnlyTo does not name this recipient.");
        (mail.Attempt, mail.SentAt).ShouldBe((1, null));
        mail.EndedAt.ShouldNotBeNull();
        var recipient = mail.Recipients.ShouldHaveSingleItem();
        (recipient.Outcome, recipient.ReplyText).ShouldBe((RecipientOutcome.Pending, mail.LastError));
        (await worker.WhenAsync(await worker.PostAsync("anybody@example.org"), MailState.Sent)).Attempt.ShouldBe(1);
        worker.Sink.Counters.Recipients.ShouldBe(1);
        worker.Kafka.Records.ReadAll(worker.Topics.DeadLetters).ShouldBeEmpty();

        await worker.ReadyAsync(System.Net.HttpStatusCode.OK, "Smtp:OnlyTo: mails go to tester@example.com, example.org alone");
        log.Of(Microsoft.Extensions.Logging.LogLevel.Warning).ShouldContain(line => line.StartsWith("Smtp:OnlyTo: mails go to", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_mail_to_some_who_are_named_goes_to_those_alone_and_is_held()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:OnlyTo=example.org");

        var mail = await worker.WhenAsync(await worker.PostAsync("customer@example.com", "tester@example.org"), MailState.Held);

        worker.Sink.Mails.All().ShouldHaveSingleItem().Recipients.ShouldBe(["tester@example.org"]);
        mail.Recipients.Select(recipient => recipient.Outcome).ShouldBe([RecipientOutcome.Pending, RecipientOutcome.Accepted]);
    }

    [Test]
    public async Task What_is_redirected_is_sent_and_its_page_says_where_to()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:RedirectTo=staging@example.net");

        var mail = await worker.WhenAsync(await worker.PostAsync("customer@example.com", "other@example.com"), MailState.Sent);

        worker.Sink.Mails.All().ShouldHaveSingleItem().Recipients.ShouldBe(["staging@example.net"]);
        mail.Recipients.ShouldAllBe(recipient => recipient.ReplyText!.StartsWith("to staging@example.net instead (Smtp:RedirectTo)", StringComparison.Ordinal));
    }
}
