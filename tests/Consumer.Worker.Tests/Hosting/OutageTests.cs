using System.Net;
using MailSink.Rules;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>What is down fails no mail: it waits, and is sent once all is well. Each test has a worker of its own.</summary>
internal sealed class OutageTests
{
    [Test]
    public async Task While_the_mail_server_is_down_mails_wait_and_readiness_says_why()
    {
        await using var worker = await RunningWorker.StartAsync();
        worker.Sink.PauseListening(dropConnections: true);
        var ids = await PostAsync(worker, 10);
        await worker.ReadyAsync(HttpStatusCode.ServiceUnavailable, "smtp");

        worker.Sink.ResumeListening();
        foreach (var id in ids)
            (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1);
        worker.Sink.Mails.Count.ShouldBe(10);
        worker.Kafka.Records.ReadAll(worker.Topics.DeadLetters).ShouldBeEmpty();
        await worker.ReadyAsync(HttpStatusCode.OK, "ready");
    }

    [Test]
    public async Task While_postgres_is_down_mails_wait()
    {
        await using var postgres = await PostgresServer.StartOwnAsync();
        await using var worker = await RunningWorker.StartAsync(new DatabaseName(await postgres.CreateDatabaseAsync()));
        await worker.WhenAsync((await PostAsync(worker, 1))[0], MailState.Sent);

        await postgres.KillAsync();
        var ids = await PostAsync(worker, 10);
        await worker.ReadyAsync(HttpStatusCode.ServiceUnavailable, "postgres");
        await postgres.StartAsync();

        foreach (var id in ids)
            (await worker.WhenAsync(id, MailState.Sent, TimeSpan.FromSeconds(60))).Attempt.ShouldBe(1);
        worker.Sink.Mails.Count.ShouldBe(11);
    }

    [Test]
    public async Task Postgres_gone_between_the_servers_250_and_the_row_sends_nothing_twice()
    {
        await using var postgres = await PostgresServer.StartOwnAsync();
        await using var worker = await RunningWorker.StartAsync(new DatabaseName(await postgres.CreateDatabaseAsync()));
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.Wait(TimeSpan.FromSeconds(2))));
        var id = (await PostAsync(worker, 1))[0];
        await Eventually.Until(() => worker.Sink.Script.Rules[0].Hits == 1, null, "the mail's content is with the server");

        await postgres.KillAsync();
        await Eventually.Until(() => worker.Sink.Mails.Count == 1, null, "the server has taken the mail");
        await postgres.StartAsync();

        (await worker.WhenAsync(id, MailState.Sent, TimeSpan.FromSeconds(60))).UnknownOutcomes.ShouldBe(0);
        worker.Sink.Mails.Count.ShouldBe(1);
    }

    [Test]
    public async Task A_worker_that_is_stopped_finishes_what_it_sends_and_its_successor_does_the_rest()
    {
        await using var worker = await RunningWorker.StartAsync("--Worker:ConcurrentMails=5", "--Worker:StopTimeout=00:01:00");
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.Wait(TimeSpan.FromSeconds(2))));
        var ids = await PostAsync(worker, 40);
        await Eventually.Until(() => worker.Sink.Mails.Count >= 3, null, "some mails are sent");

        await worker.StopAsync();
        var first = worker.Sink.Mails.Count;
        first.ShouldBeLessThan(40);
        foreach (var id in ids)
            ((await worker.Mails.FindAsync(id))?.Mail.State).ShouldNotBe(MailState.Sending, "nothing is left half done");

        worker.Sink.Script.Clear();
        await worker.RestartAsync();
        foreach (var id in ids)
            await worker.WhenAsync(id, MailState.Sent);
        worker.Sink.Mails.All().Select(mail => mail.MessageId).Distinct(StringComparer.Ordinal).Count().ShouldBe(40);
        worker.Sink.Mails.Count.ShouldBe(40);
    }

    [Test]
    public async Task An_unknown_outcome_is_left_to_a_person_where_that_is_asked_for()
    {
        await using var worker = await RunningWorker.StartAsync("--Smtp:OnUnknownOutcome=DeadLetter");
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.DropAfter) { Times = 1 });
        var id = (await PostAsync(worker, 1))[0];

        var mail = await worker.WhenAsync(id, MailState.Dead);
        mail.UnknownOutcomes.ShouldBe(1);
        mail.Recipients[0].Outcome.ShouldBe(RecipientOutcome.Unknown);
        worker.Sink.Mails.Count.ShouldBe(1);
    }

    private static async Task<List<Guid>> PostAsync(RunningWorker worker, int count)
    {
        var ids = new List<Guid>();
        for (var i = 0; i < count; i++)
            ids.Add(await worker.PostAsync("bob@example.com"));
        return ids;
    }
}
