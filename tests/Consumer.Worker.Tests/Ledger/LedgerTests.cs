using Confluent.Kafka;
using Consumer.Worker.Ledger;
using Consumer.Worker.Tests.Hosting;
using Contracts;
using MailSink.Rules;
using Npgsql;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Ledger;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Ledger;

/// <summary>What the ledger must find, and put back; each test with a worker, topics and a database of its own.</summary>
internal sealed class LedgerTests
{
    private RunningWorker _worker = null!;

    [SetUp]
    public async Task StartWorker()
    {
        (await KafkaFixture.StartAsync()).Require(KafkaCapability.TopicAdministration);
        _worker = await RunningWorker.StartAsync();
    }

    [TearDown]
    public async Task StopWorker()
    {
        if (_worker is not null)
            await _worker.DisposeAsync();
    }

    [Test]
    public async Task Sent_dead_and_unreadable_mails_are_proven_and_counted()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "gone@*" });
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "later@*", Times = 1 });
        var sent = await _worker.PostAsync("bob@example.com");
        var later = await _worker.PostAsync("later@example.com");
        var dead = await _worker.PostAsync("gone@example.com");
        await ProduceAsync("poison", "no mail");
        await ProduceAsync(null, """{"from":"a@example.com","to":"console@example.com","subject":"s","body":"text"}""");
        await _worker.WhenAsync(sent, MailState.Sent);
        await _worker.WhenAsync(later, MailState.Sent);
        await _worker.WhenAsync(dead, MailState.Dead);
        await _worker.NoLagAsync();

        var ledger = await LedgerCommand.RunAsync(_worker);

        ledger.ShouldBeClean();
        // The record that came back from its delay is in the topic twice.
        ledger.Records("read").ShouldBe(6);
        ledger.Records("with_row").ShouldBe(5);
        ledger.Records("with_failure").ShouldBe(1);
        ledger.Report.GetProperty("mails").GetProperty("sent").GetInt64().ShouldBe(3);
        ledger.Report.GetProperty("unfinished").GetProperty("nothing").GetInt64().ShouldBe(0);

        // For the console's page.
        await using var database = NpgsqlDataSource.Create(_worker.ConnectionString);
        var run = (await new LedgerRunStore(database).ListAsync(10)).ShouldHaveSingleItem();
        (run.Records, run.Findings, run.PutBack).ShouldBe((6, 0, 0));
        run.Report!.Value.GetProperty("records").GetProperty("with_row").GetInt64().ShouldBe(5);
    }

    [Test]
    public async Task Mails_that_a_foreign_consumer_committed_away_are_named_and_put_back_to_be_sent_once()
    {
        await _worker.WhenAsync(await _worker.PostAsync("first@example.com"), MailState.Sent);
        await _worker.NoLagAsync();
        await _worker.StopAsync();
        var ids = await PostAsync(30);
        // One without an id of its own, and one that cannot be read.
        await ProduceAsync(null, """{"from":"a@example.com","to":"console@example.com","subject":"s","body":"text"}""");
        await ProduceAsync("poison", "no mail");
        TakeAway(_worker.Topics.Mails, _worker.Topics.Group);

        var found = await LedgerCommand.RunAsync(_worker);
        found.ExitCode.ShouldBe(LedgerVerb.Missing);
        found.Findings.Count.ShouldBe(32);
        ids.ShouldBeSubsetOf(found.Findings.Select(finding => finding.GetProperty("mail_id").GetGuid()));
        found.Findings.ShouldAllBe(finding => LedgerCommand.Text(finding, "why").Contains("neither row nor failure", StringComparison.Ordinal));

        var repaired = await LedgerCommand.RunAsync(_worker, "--repair", "--since=all");
        repaired.ExitCode.ShouldBe(LedgerVerb.PutBack, repaired.Report.ToString());
        repaired.Findings.ShouldAllBe(finding => finding.GetProperty("repaired").GetBoolean());

        var again = await LedgerCommand.RunAsync(_worker, "--repair", "--since=all");
        again.ShouldBeClean("what was put back is still to be read");
        again.Records("under_way").ShouldBe(32);

        await _worker.RestartAsync();
        foreach (var id in ids)
            await _worker.WhenAsync(id, MailState.Sent);
        await _worker.NoLagAsync();
        (await LedgerCommand.RunAsync(_worker, "--repair", "--since=all")).ShouldBeClean();
        await _worker.StopAsync();
        SentOf(ids).ShouldBe(ids.Count);
        _worker.Sink.Mails.All().Count(mail => mail.Recipients.Contains("console@example.com")).ShouldBe(1);
        (await _worker.Failures.ListAsync(new FailureFilter(), 10)).Items.ShouldHaveSingleItem();
    }

    [Test]
    public async Task A_bulk_mail_that_was_committed_away_is_put_back_to_the_topic_of_its_stream()
    {
        await _worker.WhenAsync(await _worker.PostAsync(Bulk()), MailState.Sent);
        await _worker.NoLagAsync();
        await _worker.StopAsync();
        var id = await _worker.PostAsync(Bulk());
        TakeAway(_worker.Topics.BulkMails, _worker.Topics.Group);

        var repaired = await LedgerCommand.RunAsync(_worker, "--repair", "--since=all");
        repaired.ExitCode.ShouldBe(LedgerVerb.PutBack, repaired.Report.ToString());
        var finding = repaired.Findings.ShouldHaveSingleItem();
        finding.GetProperty("mail_id").GetGuid().ShouldBe(id);
        LedgerCommand.Text(finding, "repair").ShouldContain($"written to {_worker.Topics.BulkMails}/");
        await _worker.RestartAsync();
        (await _worker.WhenAsync(id, MailState.Sent)).FirstTopic.ShouldBe(_worker.Topics.BulkMails);

        static SendEmail Bulk() => new() { From = "news@example.com", To = ["ann@example.com"], Subject = "s", Text = "t", Stream = MailStream.Bulk };
    }

    /// <summary>As after a restore of a backup: the rows of what was sent since are gone.</summary>
    [Test]
    public async Task What_is_younger_than_the_database_is_put_back_only_when_somebody_says_since_when()
    {
        await _worker.WhenAsync(await _worker.PostAsync("first@example.com"), MailState.Sent);
        var sent = await PostAsync(3);
        foreach (var id in sent)
            await _worker.WhenAsync(id, MailState.Sent);
        await _worker.NoLagAsync();
        await _worker.StopAsync();
        await using (var postgres = Npgsql.NpgsqlDataSource.Create(_worker.ConnectionString))
        await using (var restore = postgres.CreateCommand("DELETE FROM email.mails WHERE id = ANY($1)"))
        {
            restore.Parameters.Add(new Npgsql.NpgsqlParameter { Value = sent.ToArray() });
            await restore.ExecuteNonQueryAsync();
        }

        var careful = await LedgerCommand.RunAsync(_worker, "--repair");
        careful.ExitCode.ShouldBe(LedgerVerb.Missing);
        careful.Notes.ShouldContain(note => note.Contains("restored from a backup", StringComparison.Ordinal));
        careful.Findings.Count.ShouldBe(3);
        careful.Findings.ShouldAllBe(finding => !finding.GetProperty("repaired").GetBoolean());

        var later = await LedgerCommand.RunAsync(_worker, "--repair", "--since=2100-01-01T00:00:00Z");
        later.Findings.ShouldAllBe(finding => !finding.GetProperty("repaired").GetBoolean());
        (await LedgerCommand.RunAsync(_worker, "--repair", "--since=all")).ExitCode.ShouldBe(LedgerVerb.PutBack);
    }

    [Test]
    public async Task Two_repairs_at_once_make_no_second_mail()
    {
        await _worker.WhenAsync(await _worker.PostAsync("first@example.com"), MailState.Sent);
        await _worker.StopAsync();
        var ids = await PostAsync(10);
        TakeAway(_worker.Topics.Mails, _worker.Topics.Group);

        await Task.WhenAll(LedgerCommand.RunAsync(_worker, "--repair", "--since=all"), LedgerCommand.RunAsync(_worker, "--repair", "--since=all"));
        await _worker.RestartAsync();
        foreach (var id in ids)
            await _worker.WhenAsync(id, MailState.Sent);
        await _worker.NoLagAsync();

        (await LedgerCommand.RunAsync(_worker)).ShouldBeClean();
        SentOf(ids).ShouldBe(10);
    }

    [Test]
    public async Task A_mail_whose_delayed_copy_was_taken_away_is_named_and_goes_on_with_its_next_attempt()
    {
        await using var worker = await RunningWorker.StartAsync("--Retry:RedeliveryIntervals=1h");
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "later@*", Times = 1 });
        var id = await worker.PostAsync("later@example.com");
        await HandedOnAsync(worker, id);
        (await LedgerCommand.RunAsync(worker)).ShouldBeClean("the copy waits in the delay topic");
        await worker.StopAsync();
        TakeAway(worker.Topics.Mails + ".delay.1h", worker.Topics.DelayGroup);

        var found = await LedgerCommand.RunAsync(worker);
        found.ExitCode.ShouldBe(LedgerVerb.Missing);
        var finding = found.Findings.ShouldHaveSingleItem();
        finding.GetProperty("mail_id").GetGuid().ShouldBe(id);
        LedgerCommand.Text(finding, "kind").ShouldBe("mail");
        LedgerCommand.Text(finding, "state").ShouldBe("queued");
        LedgerCommand.Text(finding, "why").ShouldContain("next attempt");

        (await LedgerCommand.RunAsync(worker, "--repair", "--since=all")).ExitCode.ShouldBe(LedgerVerb.PutBack);
        (await LedgerCommand.RunAsync(worker, "--repair", "--since=all")).ShouldBeClean();
        await worker.RestartAsync();
        (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(2);
        await worker.NoLagAsync();
        (await LedgerCommand.RunAsync(worker)).ShouldBeClean();
        worker.Sink.Mails.Count.ShouldBe(1);
    }

    [Test]
    public async Task A_mail_in_the_middle_of_sending_whose_record_was_taken_away_is_moved_by_its_lease_and_missing_after_it()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "later@*", Times = 1 });
        var id = await _worker.PostAsync("later@example.com");
        await _worker.WhenAsync(id, MailState.Sent);
        await _worker.NoLagAsync();
        await _worker.StopAsync();
        // As a worker leaves it that was killed after its claim.
        var dead = await _worker.Workers.RegisterAsync("killed:1", Leases.Lasting, default);
        await ExecuteAsync("UPDATE email.mails SET state = 'sending', sent_at = NULL, ended_at = NULL, worker_id = @id", dead);
        (await LedgerCommand.RunAsync(_worker)).ShouldBeClean("the lease lasts");
        await ExecuteAsync("UPDATE email.workers SET lease_until = now() WHERE id = @id", dead);

        var found = await LedgerCommand.RunAsync(_worker, "--repair", "--since=all");

        found.ExitCode.ShouldBe(LedgerVerb.PutBack);
        LedgerCommand.Text(found.Findings.ShouldHaveSingleItem(), "why").ShouldContain("lease is over");
        await _worker.RestartAsync();
        (await _worker.WhenAsync(id, MailState.Sent)).UnknownOutcomes.ShouldBe(1);
    }

    [Test]
    public async Task Mails_of_a_topic_that_was_deleted_and_recreated_are_reported_as_lost_with_their_rows()
    {
        await using var worker = await RunningWorker.StartAsync("--Retry:RedeliveryIntervals=1h");
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "later@*" });
        foreach (var id in await PostAsync(worker, 8))
            await worker.WhenAsync(id, MailState.Sent);
        var waiting = await worker.PostAsync("later@example.com");
        await HandedOnAsync(worker, waiting);
        await worker.NoLagAsync();
        await worker.StopAsync();
        await MakeAnewAsync(worker, worker.Topics.Mails, worker.Topics.Mails + ".delay.1h");

        var found = await LedgerCommand.RunAsync(worker, "--repair", "--since=all");

        found.ExitCode.ShouldBe(LedgerVerb.Missing);
        var finding = found.Findings.ShouldHaveSingleItem();
        finding.GetProperty("mail_id").GetGuid().ShouldBe(waiting);
        LedgerCommand.Text(finding, "subject").ShouldBe("subject");
        LedgerCommand.Text(finding, "why").ShouldContain("recreated");
        LedgerCommand.Text(finding, "repair").ShouldContain("post it again");
        found.Notes.ShouldContain(note => note.Contains("deleted and recreated", StringComparison.Ordinal));

        // Other records at the same offsets are not taken for the old ones.
        foreach (var _ in Enumerable.Range(0, 40))
            await worker.PostAsync("bob@example.com");
        var later = await LedgerCommand.RunAsync(worker, "--repair", "--since=all");
        later.Findings.ShouldHaveSingleItem().GetProperty("mail_id").GetGuid().ShouldBe(waiting);
        later.Findings[0].GetProperty("repaired").GetBoolean().ShouldBeFalse();
    }

    [Test]
    public async Task The_proof_begins_where_retention_left_off_and_says_so()
    {
        foreach (var id in await PostAsync(20))
            await _worker.WhenAsync(id, MailState.Sent);
        await _worker.NoLagAsync();
        await DeleteRecordsAsync(_worker.Kafka.Records.Committed(_worker.Topics.Group, _worker.Topics.Mails).ToDictionary(partition => partition.Key, partition => Math.Max(partition.Value - 1, 0)));

        var ledger = await LedgerCommand.RunAsync(_worker);

        ledger.ShouldBeClean();
        ledger.Records("read").ShouldBeLessThan(20);
        ledger.Report.GetProperty("mails").GetProperty("sent").GetInt64().ShouldBe(20);
        ledger.Notes.ShouldContain(note => note.Contains("the proof begins at offset", StringComparison.Ordinal));
        ledger.Report.GetProperty("partitions").EnumerateArray().ShouldContain(partition => partition.GetProperty("from").GetInt64() > 0);
    }

    [Test]
    public async Task Mails_that_retention_deleted_before_they_were_read_are_missing()
    {
        await DeleteUnreadAsync();

        var found = await LedgerCommand.RunAsync(_worker, "--repair", "--since=all");

        found.ExitCode.ShouldBe(LedgerVerb.Missing);
        found.Findings.ShouldNotBeEmpty();
        found.Findings.ShouldAllBe(finding => LedgerCommand.Text(finding, "kind") == "deleted_unread" && !finding.GetProperty("repaired").GetBoolean());
    }

    [Test]
    public async Task They_stay_missing_when_newer_ones_are_committed_until_somebody_acknowledges_them()
    {
        await DeleteUnreadAsync();
        await _worker.RestartAsync();
        foreach (var id in await PostAsync(20))
            await _worker.WhenAsync(id, MailState.Sent);
        await _worker.NoLagAsync();

        var found = await Eventually.Value(
            () => LedgerCommand.RunAsync(_worker), ledger => ledger.ExitCode == LedgerVerb.Missing, null, "the gap is noted");
        found.Findings.ShouldNotBeEmpty();
        found.Findings.ShouldAllBe(finding => LedgerCommand.Text(finding, "kind") == "deleted_unread");

        await ExecuteAsync("UPDATE email.deleted_records SET acknowledged_by = @id::text, acknowledged_at = now()", Guid.NewGuid());
        var acknowledged = await LedgerCommand.RunAsync(_worker);
        acknowledged.ShouldBeClean();
        acknowledged.Notes.ShouldContain(note => note.Contains("were acknowledged", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_dead_mail_whose_failure_is_gone_gets_it_back()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550, "5.1.1 no such user")) { Recipient = "gone@*" });
        var id = await _worker.PostAsync("gone@example.com");
        await _worker.WhenAsync(id, MailState.Dead);
        await _worker.NoLagAsync();
        (await LedgerCommand.RunAsync(_worker)).ShouldBeClean();
        await ExecuteAsync("DELETE FROM email.failures WHERE mail_id = @id", id);

        var found = await LedgerCommand.RunAsync(_worker, "--repair", "--since=all");

        found.ExitCode.ShouldBe(LedgerVerb.PutBack);
        LedgerCommand.Text(found.Findings.ShouldHaveSingleItem(), "state").ShouldBe("dead");
        var failure = await Eventually.Value(
            () => _worker.Failures.ListAsync(new FailureFilter { MailId = id }, 10), page => page.Items.Count > 0, null, "the failure is back");
        failure.Items.ShouldHaveSingleItem().Message.ShouldContain("5.1.1 no such user");
        await _worker.NoLagAsync();
        (await LedgerCommand.RunAsync(_worker)).ShouldBeClean();
    }

    [Test]
    public async Task Another_mail_under_a_known_id_that_was_taken_away_becomes_a_failure_of_its_own()
    {
        var id = await _worker.PostAsync("bob@example.com");
        await _worker.WhenAsync(id, MailState.Sent);
        await _worker.NoLagAsync();
        await _worker.StopAsync();
        await ProduceAsync($"{id:D}", """{"from":"a@example.com","to":"second@example.com","subject":"s","text":"t"}""", (HeaderNames.MessageId, $"{id:D}"));
        TakeAway(_worker.Topics.Mails, _worker.Topics.Group);

        var found = await LedgerCommand.RunAsync(_worker, "--repair", "--since=all");
        found.ExitCode.ShouldBe(LedgerVerb.PutBack, found.Report.ToString());
        LedgerCommand.Text(found.Findings.ShouldHaveSingleItem(), "why").ShouldContain("another mail's");
        (await LedgerCommand.RunAsync(_worker, "--repair", "--since=all")).ShouldBeClean("the dead letter is still to be read");

        await _worker.RestartAsync();
        await _worker.NoLagAsync();
        (await LedgerCommand.RunAsync(_worker)).ShouldBeClean();
        (await _worker.Failures.ListAsync(new FailureFilter(), 10)).Items.ShouldHaveSingleItem().MailId.ShouldBeNull();
        (await _worker.Mails.FindAsync(id))!.Mail.State.ShouldBe(MailState.Sent);
    }

    private Task<List<Guid>> PostAsync(int count) => PostAsync(_worker, count);

    private static async Task<List<Guid>> PostAsync(RunningWorker worker, int count)
    {
        var ids = new List<Guid>();
        for (var i = 0; i < count; i++)
            ids.Add(await worker.PostAsync("bob@example.com"));
        return ids;
    }

    private Task<TopicPartitionOffset> ProduceAsync(string? key, string value, params (string Name, string Value)[] headers) =>
        _worker.Kafka.Records.ProduceAsync(_worker.Topics.Mails, key, value, headers);

    private int SentOf(List<Guid> ids) =>
        _worker.Sink.Mails.All().Count(mail => ids.Exists(id => mail.MessageId.StartsWith($"{id:D}", StringComparison.Ordinal)));

    private static Task HandedOnAsync(RunningWorker worker, Guid id) => Eventually.Until(
        async () => (await worker.Mails.FindAsync(id))?.Mail is { State: MailState.Queued, PublishedAt: not null }, null, $"mail {id} waits for its next attempt");

    /// <summary>As a console consumer that joins the group: reads all there is and commits it.</summary>
    private void TakeAway(string topic, string group) => ForeignConsumer.TakeAway(_worker.Kafka.BootstrapServers, topic, group);

    private static async Task MakeAnewAsync(RunningWorker worker, params string[] topics)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = worker.Kafka.BootstrapServers }).Build();
        await admin.DeleteTopicsAsync(topics);
        foreach (var topic in topics)
        {
            await Eventually.Until(() => admin.GetMetadata(TimeSpan.FromSeconds(5)).Topics.TrueForAll(found => found.Topic != topic), null, $"{topic} is gone");
            await Eventually.Value(() => worker.Kafka.CreateTopicAsync(topic), _ => true, null, $"{topic} is there again");
        }
    }

    /// <summary>Sends some mails, stops the worker, and deletes others before anybody reads them.</summary>
    private async Task DeleteUnreadAsync()
    {
        foreach (var id in await PostAsync(20))
            await _worker.WhenAsync(id, MailState.Sent);
        await _worker.NoLagAsync();
        await _worker.StopAsync();
        await PostAsync(20);
        await DeleteRecordsAsync(_worker.Kafka.Records.EndOffsets(_worker.Topics.Mails));
    }

    private async Task DeleteRecordsAsync(IReadOnlyDictionary<int, long> before)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _worker.Kafka.BootstrapServers }).Build();
        await admin.DeleteRecordsAsync(before.Select(partition => new TopicPartitionOffset(_worker.Topics.Mails, partition.Key, partition.Value)));
    }

    private async Task ExecuteAsync(string sql, Guid id)
    {
        await using var connection = new NpgsqlConnection(_worker.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddWithValue("id", id);
        (await command.ExecuteNonQueryAsync()).ShouldBeGreaterThan(0);
    }
}
