using Consumer.Worker.DeadLetters;
using Consumer.Worker.Ledger;
using Consumer.Worker.Tests.Hosting;
using Contracts;
using MailSink.Rules;
using Npgsql;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Ledger;

/// <summary>docs/operations.md, "Backup and restore", step by step, with Postgres' own tools.</summary>
internal sealed class RestoreTests
{
    [Test]
    public async Task A_database_that_is_restored_from_a_backup_sends_nothing_twice_and_what_came_after_it_is_found_again()
    {
        (await KafkaFixture.StartAsync()).Require(KafkaCapability.TopicAdministration);
        await using var postgres = await PostgresServer.StartOwnAsync();
        var connection = await postgres.CreateDatabaseAsync("restored");
        var database = new NpgsqlConnectionStringBuilder(connection).Database!;
        await using var worker = await RunningWorker.StartAsync(new DatabaseName(connection));
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "gone*@*" });

        var before = await worker.PostAsync("before@example.com");
        var deadBefore = await worker.PostAsync("gone-before@example.com");
        var later = await worker.PostAsync(new SendEmail
        {
            From = "ann@example.com",
            To = ["later@example.com"],
            Subject = "subject",
            Text = "text",
            ScheduledAt = DateTimeOffset.UtcNow.AddDays(1),
        });
        await worker.WhenAsync(before, MailState.Sent);
        await worker.WhenAsync(later, MailState.Scheduled);
        await FailsAsync(worker, deadBefore);
        var dump = await postgres.DumpAsync(database);

        var after = await worker.PostAsync("after@example.com");
        var deadAfter = await worker.PostAsync("gone-after@example.com");
        await worker.WhenAsync(after, MailState.Sent);
        await FailsAsync(worker, deadAfter);
        await worker.NoLagAsync();

        // Step 1: all workers are stopped. What is accepted from here on waits in Kafka.
        await worker.StopAsync();
        var waiting = await worker.PostAsync("waiting@example.com");

        // Steps 2 and 3. The schema is of this version.
        NpgsqlConnection.ClearAllPools();
        await postgres.RestoreAsync(database, dump);

        // Step 4: what was committed since is named, and nothing of it is put back by itself.
        var ledger = await LedgerCommand.RunAsync(worker, "--repair");
        ledger.ExitCode.ShouldBe(LedgerVerb.Missing);
        ledger.Notes.ShouldContain(note => note.Contains("restored from a backup", StringComparison.Ordinal));
        ledger.Findings.Select(finding => finding.GetProperty("mail_id").GetGuid()).ShouldBe([after, deadAfter], ignoreOrder: true);
        ledger.Findings.ShouldAllBe(finding => !finding.GetProperty("repaired").GetBoolean());

        // Step 6: the failures since the backup, from the dead-letter topic.
        using (var said = new StringWriter())
        {
            (await RebuildVerb.RunAsync(LedgerCommand.Settings(worker), worker.Topics, said)).ShouldBe(RebuildVerb.Rebuilt, said.ToString());
            said.ToString().ShouldContain("2 dead letters read: 1 failures rebuilt, 1 there already");
        }

        // Step 8.
        await worker.RestartAsync();
        await worker.WhenAsync(waiting, MailState.Sent);
        await FailsAsync(worker, deadAfter);
        await worker.WhenAsync(later, MailState.Scheduled);
        await worker.NoLagAsync();
        var failures = (await worker.Failures.ListAsync(new FailureFilter(), 10)).Items;
        failures.Select(failure => failure.MailId).ShouldBe([deadBefore, deadAfter], ignoreOrder: true);
        foreach (var id in (Guid[])[before, after, waiting])
            worker.Sink.Mails.All().Count(mail => mail.MessageId.StartsWith($"{id:D}", StringComparison.Ordinal)).ShouldBe(1, "mails at the server");
    }

    private static Task FailsAsync(RunningWorker worker, Guid mail) => Eventually.Until(
        async () => (await worker.Failures.ListAsync(new FailureFilter(), 10)).Items.Any(failure => failure.MailId == mail), TimeSpan.FromSeconds(40), $"mail {mail} is a failure");
}
