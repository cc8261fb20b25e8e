using System.Text;
using Consumer.Worker.DeadLetters;
using Consumer.Worker.Tests.Hosting;
using Consumer.Worker.Tests.Ledger;
using Contracts;
using MailSink.Rules;
using Npgsql;
using NUnit.Framework;
using Persistence.Failures;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.DeadLetters;

internal sealed class RebuildTests
{
    private const int Count = 20;

    [Test]
    public async Task What_failed_again_is_linked_with_the_failure_before_when_both_are_rebuilt()
    {
        await using var worker = await RunningWorker.StartAsync();
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "gone*@*" });
        var ids = await Task.WhenAll(Enumerable.Range(0, Count).Select(number => worker.PostAsync($"gone{number}@example.com")));
        foreach (var failure in await FailuresAsync(worker, Count))
        {
            var replay = (await worker.Failures.RequestReplayAsync(failure.Id, "ann", null)).ShouldBeOfType<ReplayResult.Accepted>().Replay;
            await worker.Kafka.Records.ProduceAsync(
                worker.Topics.Mails, $"{replay.MailId:D}", Encoding.UTF8.GetString(replay.Value!), (HeaderNames.MessageId, $"{replay.MailId:D}"), (HeaderNames.Epoch, "1"));
        }

        await FailuresAsync(worker, 2 * Count);
        await using (var database = NpgsqlDataSource.Create(worker.ConnectionString))
        await using (var lose = database.CreateCommand("TRUNCATE email.failures CASCADE"))
            await lose.ExecuteNonQueryAsync();

        using var said = new StringWriter();
        (await RebuildVerb.RunAsync(LedgerCommand.Settings(worker), worker.Topics, said)).ShouldBe(RebuildVerb.Rebuilt, said.ToString());

        var rebuilt = await FailuresAsync(worker, 2 * Count);
        foreach (var id in ids)
        {
            var (first, second) = (rebuilt.Single(failure => failure.MailId == id && failure.Epoch == 0), rebuilt.Single(failure => failure.MailId == id && failure.Epoch == 1));
            (first.Round, second.Round).ShouldBe((1, 2));
            first.FailedAgainAs.ShouldBe(second.Id);
        }
    }

    private static async Task<IReadOnlyList<FailureSummary>> FailuresAsync(RunningWorker worker, int count) => await Eventually.Value(
        async () => (await worker.Failures.ListAsync(new FailureFilter(), 100)).Items, found => found.Count == count, null, $"there are {count} failures");
}
