using System.Globalization;
using Consumer.Worker.Tests.Hosting;
using Consumer.Worker.Tests.Ledger;
using Contracts;
using MailSink.Mails;
using MailSink.Rules;
using Npgsql;
using NUnit.Framework;
using Persistence.Holds;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Holds;

/// <summary>Holds as a whole worker keeps them: on a broker, a Postgres and a mail server.</summary>
internal sealed class HoldTests
{
    private RunningWorker _worker = null!;

    [SetUp]
    public async Task StartWorker()
    {
        _worker = await RunningWorker.StartAsync();
        await _worker.WhenAsync(await _worker.PostAsync("first@example.com"), MailState.Sent);
    }

    [TearDown]
    public async Task StopWorker()
    {
        if (_worker is not null)
            await _worker.DisposeAsync();
    }

    [Test]
    public async Task What_is_held_waits_in_its_row_alone_while_all_else_goes_on_and_once_released_each_is_sent_once()
    {
        var hold = await MakeAsync(HoldScope.Sender, "news@example.com");
        var held = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => _worker.PostAsync(News(number))));
        var other = await _worker.PostAsync("other@example.com");

        await _worker.WhenAsync(other, MailState.Sent);
        foreach (var id in held)
        {
            var mail = await _worker.WhenAsync(id, MailState.Held);
            (mail.HoldId, mail.Attempt, mail.ClaimedAt, mail.EndedAt).ShouldBe((hold.Id, 0, null, null));
        }

        await _worker.NoLagAsync();
        To("reader").ShouldBeEmpty();
        Records(held[0]).ShouldBe(1, "it does not circle in Kafka");
        (await _worker.Holds.FindAsync(hold.Id))!.Waiting.ShouldBe(40);

        await _worker.Holds.ReleaseAsync(hold.Id, "bob", "it is over");
        foreach (var id in held)
            (await _worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1, "the wait does not count as an attempt");
        await _worker.NoLagAsync();
        To("reader").Count.ShouldBe(40);
        To("reader").SelectMany(mail => mail.Recipients).Distinct().Count().ShouldBe(40);
        (await _worker.Holds.FindAsync(hold.Id))!.Waiting.ShouldBe(0);
        _worker.Kafka.Records.ReadAll(_worker.Topics.DeadLetters).ShouldBeEmpty();
    }

    [Test]
    public async Task A_hold_is_on_what_is_read_right_after_it_was_made_whatever_the_worker_knows()
    {
        for (var round = 0; round < 3; round++)
        {
            var hold = await MakeAsync(HoldScope.All, null);
            var id = await _worker.PostAsync("reader@example.com");
            (await _worker.WhenAsync(id, MailState.Held)).HoldId.ShouldBe(hold.Id);
            await _worker.Holds.ReleaseAsync(hold.Id, "bob", "it is over");
            await _worker.WhenAsync(id, MailState.Sent);
        }
    }

    [Test]
    public async Task A_mail_that_was_deferred_is_held_at_its_next_attempt_and_goes_on_as_that()
    {
        await using var worker = await RunningWorker.StartAsync("--Retry:RedeliveryIntervals=10s");
        worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "deferred@*", Times = 1 });
        var id = await worker.PostAsync("deferred@example.com");
        await Eventually.Until(async () => await worker.Mails.FindAsync(id) is { Mail.OutboxEntry: OutboxKind.Redelivery }, null, "it is deferred");
        var hold = await worker.Holds.CreateAsync(new NewHold(HoldScope.Domain, "example.com", HoldMode.Wait, null, "a flood"), "ann");

        var mail = await worker.WhenAsync(id, MailState.Held);
        (mail.Attempt, mail.Recipients.ShouldHaveSingleItem().Outcome).ShouldBe((1, RecipientOutcome.Deferred));
        await worker.Holds.ReleaseAsync(hold.Id, "bob", "it is over");
        (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(2);
        worker.Sink.Mails.All().ShouldHaveSingleItem();
    }

    [Test]
    public async Task What_a_hold_cancels_is_canceled_with_its_reason_is_no_failure_and_is_never_sent()
    {
        var hold = await MakeAsync(HoldScope.Tag, "flood", HoldMode.Cancel);
        var id = await _worker.PostAsync(News(1) with { Tags = ["flood"] });

        var mail = await _worker.WhenAsync(id, MailState.Canceled);
        (mail.HoldId, mail.LastError).ShouldBe((hold.Id, $"Canceled by hold {hold.Id}: a flood"));
        await _worker.Holds.ReleaseAsync(hold.Id, "bob", "it is over");
        await _worker.WhenAsync(await _worker.PostAsync(News(2) with { Tags = ["flood"] }), MailState.Sent);
        await _worker.NoLagAsync();
        To("reader").ShouldHaveSingleItem().Recipients.ShouldBe(["reader2@example.com"]);
        _worker.Kafka.Records.ReadAll(_worker.Topics.DeadLetters).ShouldBeEmpty();
    }

    [Test]
    public async Task A_scheduled_mail_whose_time_comes_while_it_is_held_waits_for_the_end_of_the_hold()
    {
        var hold = await MakeAsync(HoldScope.All, null);
        // A record that is read only then is held as any other: on a busy machine, too, it is read before.
        var id = await _worker.PostAsync(News(1) with { ScheduledAt = DateTimeOffset.UtcNow.AddSeconds(15) });
        (await _worker.WhenAsync(id, MailState.Held)).ScheduledAt.ShouldNotBeNull();
        await _worker.Holds.ReleaseAsync(hold.Id, "bob", "it is over");
        await _worker.WhenAsync(id, MailState.Sent);
        await _worker.NoLagAsync();
        To("reader").Count.ShouldBe(1);
    }

    [Test]
    public async Task A_hold_outlasts_a_restart_and_ends_at_its_time_by_itself()
    {
        var hold = await MakeAsync(HoldScope.All, null, until: DateTimeOffset.UtcNow.AddHours(1));
        await _worker.StopAsync();
        await _worker.RestartAsync();
        var id = await _worker.PostAsync(News(1));
        (await _worker.WhenAsync(id, MailState.Held)).HoldId.ShouldBe(hold.Id);

        var until = DateTimeOffset.UtcNow.AddSeconds(3);
        await using (var source = NpgsqlDataSource.Create(_worker.ConnectionString))
        await using (var sooner = source.CreateCommand("UPDATE email.holds SET until = $1"))
        {
            sooner.Parameters.Add(new NpgsqlParameter { Value = until });
            await sooner.ExecuteNonQueryAsync();
        }

        await _worker.WhenAsync(id, MailState.Sent);
        To("reader").ShouldHaveSingleItem().ReceivedAt.ShouldBeGreaterThanOrEqualTo(until);
        (await _worker.Holds.FindAsync(hold.Id))!.IsActive.ShouldBeFalse();
    }

    [Test]
    public async Task A_mail_that_two_holds_are_on_waits_for_the_end_of_both()
    {
        var first = await MakeAsync(HoldScope.Sender, "news@example.com");
        var second = await MakeAsync(HoldScope.Domain, "example.com");
        var id = await _worker.PostAsync(News(1));
        (await _worker.WhenAsync(id, MailState.Held)).HoldId.ShouldBe(first.Id);
        await _worker.Holds.ReleaseAsync(first.Id, "bob", "it is over");
        await Eventually.Until(async () => (await _worker.Mails.FindAsync(id))!.Mail.HoldId == second.Id, null, "the other hold has it");
        To("reader").ShouldBeEmpty();
        await _worker.Holds.ReleaseAsync(second.Id, "bob", "it is over");
        await _worker.WhenAsync(id, MailState.Sent);
        To("reader").Count.ShouldBe(1);
    }

    [Test]
    public async Task The_ledger_knows_what_a_held_mail_goes_on_by()
    {
        (await KafkaFixture.StartAsync()).Require(KafkaCapability.TopicAdministration);
        var hold = await MakeAsync(HoldScope.All, null);
        var id = await _worker.PostAsync(News(1));
        await _worker.WhenAsync(id, MailState.Held);
        await _worker.NoLagAsync();

        var ledger = await LedgerCommand.RunAsync(_worker);
        ledger.ShouldBeClean();
        ledger.Report.GetProperty("mails").GetProperty("held").GetInt64().ShouldBe(1);
        ledger.Report.GetProperty("unfinished").GetProperty("schedule").GetInt64().ShouldBe(1);

        await _worker.Holds.ReleaseAsync(hold.Id, "bob", "it is over");
        await _worker.WhenAsync(id, MailState.Sent);
        await _worker.NoLagAsync();
        (await LedgerCommand.RunAsync(_worker)).ShouldBeClean();
    }

    private static SendEmail News(int number) => new()
    {
        From = "News <news@example.com>",
        To = [string.Create(CultureInfo.InvariantCulture, $"reader{number}@example.com")],
        Subject = "News",
        Text = "text",
    };

    private Task<Hold> MakeAsync(HoldScope scope, string? value, HoldMode mode = HoldMode.Wait, DateTimeOffset? until = null) =>
        _worker.Holds.CreateAsync(new NewHold(scope, value, mode, until, "a flood"), "ann");

    private List<ReceivedMail> To(string who) => [.. _worker.Sink.Mails.All().Where(mail => mail.Recipients.Any(recipient => recipient.StartsWith(who, StringComparison.Ordinal)))];

    private int Records(Guid id) => _worker.Kafka.Records.ReadAll(_worker.Topics.Mails).Count(record => record.Header(HeaderNames.MessageId) == $"{id:D}");
}
