using Contracts;
using MailSink.Rules;
using NUnit.Framework;
using Persistence.Failures;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

internal sealed class WorkerTests
{
    private RunningWorker _worker = null!;

    [OneTimeSetUp]
    public async Task StartWorker() => _worker = await RunningWorker.StartAsync();

    [OneTimeTearDown]
    public async Task StopWorker() => await _worker.DisposeAsync();

    [SetUp]
    public void ClearScript() => _worker.Sink.Script.Clear();

    [Test]
    public async Task A_mail_in_the_topic_is_sent_and_its_row_says_so()
    {
        var id = await _worker.PostAsync("bob@example.com");

        var mail = await _worker.WhenAsync(id, MailState.Sent);
        mail.Attempt.ShouldBe(1);
        mail.MessageIdHeader.ShouldBe($"{id:D}@example.com");
        mail.Recipients.ShouldHaveSingleItem().Outcome.ShouldBe(RecipientOutcome.Accepted);
        Sent(id).ShouldBe(1);
    }

    [Test]
    public async Task A_record_typed_into_a_console_is_sent()
    {
        await _worker.Kafka.Records.ProduceAsync(
            _worker.Topics.Mails, null, """{"from":"a@example.com","to":"console@example.com","subject":"s","body":"text"}""");
        await Eventually.Until(() => _worker.Sink.Mails.All().Any(mail => mail.Recipients.Contains("console@example.com")), null, "the mail arrived");
    }

    [Test]
    public async Task A_mail_that_fails_transiently_is_sent_later_by_the_same_message_id()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "twice@*", Times = 2 });
        var id = await _worker.PostAsync("twice@example.com");

        var mail = await _worker.WhenAsync(id, MailState.Sent);
        mail.Attempt.ShouldBe(3);
        Sent(id).ShouldBe(1);
    }

    [Test]
    public async Task A_mail_that_always_fails_is_tried_as_often_as_said_and_becomes_one_failure()
    {
        var tries = _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "always@*" });
        var id = await _worker.PostAsync("always@example.com");

        var mail = await _worker.WhenAsync(id, MailState.Dead);
        var failure = await Failure(id);
        tries.Hits.ShouldBe(3);
        mail.Attempt.ShouldBe(3);
        failure.Attempts.ShouldBe(3);
        failure.ExceptionType.ShouldEndWith("TransientMailException");
        failure.Message.ShouldStartWith("1 recipient not sent to: always@example.com: 451 ", customMessage: "as the list of those refused permanently has it");
        await Eventually.Until(async () => (await _worker.Mails.FindAsync(id))!.Mail.PublishedAt is not null, null, "the dead letter is published");
    }

    [Test]
    public async Task A_mail_that_is_refused_permanently_is_a_dead_letter_at_once_byte_for_byte()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550, "5.1.1 no such user")) { Recipient = "gone@*" });
        var id = await _worker.PostAsync("gone@example.com");

        (await _worker.WhenAsync(id, MailState.Dead)).Attempt.ShouldBe(1);
        var failure = await Failure(id);
        failure.ExceptionType.ShouldEndWith("PermanentMailException");
        failure.Message.ShouldContain("550 5.1.1 no such user");
        var original = _worker.Kafka.Records.ReadAll(_worker.Topics.Mails).Single(record => record.Header(HeaderNames.MessageId) == $"{id:D}");
        var dead = _worker.Kafka.Records.ReadAll(_worker.Topics.DeadLetters).Single(record => record.Header(HeaderNames.MessageId) == $"{id:D}");
        dead.Value.ShouldBe(original.Value);
        dead.Key.ShouldBe(original.Key);
    }

    [Test]
    public async Task Attachments_arrive_and_pass_through_the_dead_letter_topic_unharmed()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "attached@*", Times = 1 });
        byte[] file = [.. Enumerable.Range(0, 100_000).Select(number => (byte)(number * 7))];
        var id = await _worker.PostAsync(new SendEmail
        {
            From = "ann@example.com",
            To = ["attached@example.com"],
            Subject = "s",
            Text = "t",
            Attachments = [new Attachment { Filename = "Übersicht.bin", Content = file }],
        });
        await _worker.WhenAsync(id, MailState.Dead);
        var failure = await Failure(id);

        // What the API does on a replay: the row is raised, the dead letter's bytes go to the topic again.
        var replay = (await _worker.Failures.RequestReplayAsync(failure.Id, "ann", null)).ShouldBeOfType<ReplayResult.Accepted>().Replay;
        await _worker.Kafka.Records.ProduceAsync(
            _worker.Topics.Mails, $"{id:D}", System.Text.Encoding.UTF8.GetString(replay.Value!), (HeaderNames.MessageId, $"{id:D}"), (HeaderNames.Epoch, "1"));

        await _worker.WhenAsync(id, MailState.Sent);
        var arrived = _worker.Sink.Mails.All().Single(mail => mail.MessageId.StartsWith($"{id:D}", StringComparison.Ordinal)).Parse()
            .Attachments.ShouldHaveSingleItem().ShouldBeAssignableTo<MimeKit.MimePart>()!;
        arrived.FileName.ShouldBe("Übersicht.bin");
        using var bytes = new MemoryStream();
        arrived.Content!.DecodeTo(bytes);
        bytes.ToArray().ShouldBe(file);
    }

    [Test]
    public async Task One_recipient_that_is_refused_makes_the_mail_dead_and_the_others_get_it_once()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "gone2@*" });
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "later2@*", Times = 1 });
        var id = await _worker.PostAsync("gone2@example.com", "bob2@example.com", "later2@example.com");

        var mail = await _worker.WhenAsync(id, MailState.Dead);
        mail.Attempt.ShouldBe(2);
        mail.Recipients.Select(recipient => recipient.Outcome).ShouldBe([RecipientOutcome.Rejected, RecipientOutcome.Accepted, RecipientOutcome.Accepted]);
        _worker.Sink.Mails.All().Where(sent => sent.MessageId.StartsWith($"{id:D}", StringComparison.Ordinal)).SelectMany(sent => sent.Recipients)
            .ShouldBe(["bob2@example.com", "later2@example.com"], ignoreOrder: true);
    }

    [Test]
    public async Task A_lost_connection_is_cured_in_process()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.DropBefore) { Sender = "lost@*", Times = 2 });
        var id = await _worker.PostAsync(new SendEmail { From = "lost@example.com", To = ["bob@example.com"], Subject = "s", Text = "t" });

        (await _worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1);
        Sent(id).ShouldBe(1);
    }

    [Test]
    public async Task A_lost_reply_is_an_unknown_outcome_and_the_mail_goes_again_by_the_same_message_id()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.DropAfter) { Sender = "unknown@*", Times = 1 });
        var id = await _worker.PostAsync(new SendEmail { From = "unknown@example.com", To = ["bob@example.com"], Subject = "s", Text = "t" });

        var mail = await _worker.WhenAsync(id, MailState.Sent);
        mail.UnknownOutcomes.ShouldBe(1);
        Sent(id).ShouldBe(2);
        _worker.Sink.Mails.All().Where(sent => sent.Sender == "unknown@example.com").Select(sent => sent.Parse().Date).Distinct().Count().ShouldBe(1);
    }

    [Test]
    public async Task A_421_that_only_one_mail_gets_is_its_own_failure()
    {
        _worker.Sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(421)) { Recipient = "poison421@*" });
        var id = await _worker.PostAsync("poison421@example.com");

        await _worker.WhenAsync(id, MailState.Dead);
        await _worker.WhenAsync(await _worker.PostAsync("after@example.com"), MailState.Sent);
    }

    [TestCase("not json at all")]
    [TestCase("{}")]
    [TestCase("[1,2]")]
    [TestCase("""{"from":"a@example.com","to":"no address","subject":"s","text":"t"}""")]
    public async Task A_poison_record_is_a_failure_at_once_and_holds_up_nobody(string value)
    {
        var id = Guid.NewGuid();
        await _worker.Kafka.Records.ProduceAsync(_worker.Topics.Mails, "poison", value, (HeaderNames.MessageId, $"{id:D}"));

        (await Failure(id)).Attempts.ShouldBe(1);
        _worker.Kafka.Records.ReadAll(_worker.Topics.DeadLetters).Single(record => record.Header(HeaderNames.MessageId) == $"{id:D}").ValueText.ShouldBe(value);
        await Eventually.Until(() => _worker.Kafka.Records.Lag(_worker.Topics.Group, _worker.Topics.Mails) == 0, null, "no lag is left");
    }

    [Test]
    public async Task A_copy_of_a_record_sends_nothing()
    {
        var mail = new SendEmail { From = "ann@example.com", To = ["copy@example.com"], Subject = "s", Text = "t" };
        var id = await _worker.PostAsync(mail);
        await _worker.WhenAsync(id, MailState.Sent);
        await _worker.Kafka.Records.ProduceAsync(
            _worker.Topics.Mails, $"{id:D}", System.Text.Encoding.UTF8.GetString(SendEmailJson.Serialize(mail)), (HeaderNames.MessageId, $"{id:D}"));

        await Eventually.Until(() => _worker.Kafka.Records.Lag(_worker.Topics.Group, _worker.Topics.Mails) == 0, null, "the copy is done with");
        Sent(id).ShouldBe(1);
        _worker.Kafka.Records.ReadAll(_worker.Topics.DeadLetters).ShouldNotContain(record => record.Header(HeaderNames.MessageId) == $"{id:D}");
    }

    [Test]
    public async Task Another_mail_under_the_same_id_is_a_failure_of_its_own()
    {
        var id = await _worker.PostAsync("first@example.com");
        await _worker.WhenAsync(id, MailState.Sent);
        await _worker.Kafka.Records.ProduceAsync(
            _worker.Topics.Mails, $"{id:D}", """{"from":"a@example.com","to":"second@example.com","subject":"s","text":"t"}""", (HeaderNames.MessageId, $"{id:D}"));

        var failure = await Eventually.NotNull(
            async () => (await _worker.Failures.ListAsync(new FailureFilter(), 100)).Items.FirstOrDefault(item => item.ExceptionType.EndsWith("IdempotencyConflictException", StringComparison.Ordinal)),
            null, "the conflict is a failure");
        failure.MailId.ShouldBeNull();
        _worker.Kafka.Records.ReadAll(_worker.Topics.DeadLetters).ShouldContain(record => record.Header(HeaderNames.FaultConflict) == $"{id:D}");
        var mail = (await _worker.Mails.FindAsync(id)).ShouldNotBeNull();
        mail.Mail.State.ShouldBe(MailState.Sent);
        mail.Failures.ShouldBeEmpty();
        mail.Conflicts.ShouldHaveSingleItem().Id.ShouldBe(failure.Id);
        (await Failure(id)).ConflictsWith.ShouldBe(id);
    }

    [Test]
    public async Task A_mail_keeps_the_API_key_that_it_was_accepted_under_whatever_becomes_of_it()
    {
        var key = Guid.CreateVersion7();
        foreach (var to in new[] { "fine@example.com", "fail-451-once@example.com", "fail-550@example.com" })
        {
            var id = await _worker.PostAsync(new SendEmail { From = "ann@example.com", To = [to], Subject = "s", Text = "t" }, (HeaderNames.ApiKey, $"{key:D}"));
            (await _worker.WhenAsync(id, to.StartsWith("fail-550", StringComparison.Ordinal) ? MailState.Dead : MailState.Sent)).ApiKeyId.ShouldBe(key);
        }

        var unreadable = await _worker.PostAsync(new SendEmail { From = "ann@example.com", To = ["ok@example.com"], Subject = "s", Text = "t" }, (HeaderNames.ApiKey, "nonsense"));
        (await _worker.WhenAsync(unreadable, MailState.Sent)).ApiKeyId.ShouldBeNull();
    }

    [Test]
    public async Task Health_and_metrics_are_served()
    {
        await _worker.WhenAsync(await _worker.PostAsync("health@example.com"), MailState.Sent);
        using var http = new HttpClient { BaseAddress = _worker.Address };

        (await http.GetStringAsync(new Uri("/health/live", UriKind.Relative))).ShouldContain("alive");
        await Eventually.Passes(() => http.GetStringAsync(new Uri("/health/ready", UriKind.Relative)), text => text.ShouldContain("\"ready\""), null, "the worker is ready");
        var metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        metrics.ShouldContain("mails_sent");
        metrics.ShouldContain("kafka_rider_lag");
        metrics.ShouldContain("mails_send_duration_seconds_bucket");
    }

    private int Sent(Guid id) => _worker.Sink.Mails.All().Count(mail => mail.MessageId.StartsWith($"{id:D}", StringComparison.Ordinal));

    private async Task<FailureSummary> Failure(Guid id)
    {
        var page = await Eventually.Value(
            () => _worker.Failures.ListAsync(new FailureFilter { MailId = id }, 10), page => page.Items.Count > 0, TimeSpan.FromSeconds(40), $"mail {id} has a failure");
        return page.Items.ShouldHaveSingleItem();
    }
}
