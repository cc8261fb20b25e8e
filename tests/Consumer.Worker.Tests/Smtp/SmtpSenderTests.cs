using Consumer.Worker.Sending;
using Consumer.Worker.Smtp;
using Contracts;
using MailSink;
using MailSink.Rules;
using Microsoft.Extensions.Logging.Abstractions;
using MimeKit;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Smtp;

/// <param name="chunking">Whether the content goes by BDAT, where a server has one reply for the command and the content, or by DATA.</param>
[TestFixture(true)]
[TestFixture(false)]
internal sealed class SmtpSenderTests(bool chunking)
{
    private static readonly string[] Bob = ["bob@example.com"];

    private SmtpSink _sink = null!;
    private SmtpConnectionPool? _pool;

    [SetUp]
    public void SetUp() => _sink = SmtpSink.StartOnFreePort();

    [TearDown]
    public async Task TearDown()
    {
        if (_pool is not null)
            await _pool.DisposeAsync();
        _pool = null;
        await _sink.DisposeAsync();
    }

    [Test]
    public async Task A_mail_arrives_as_it_was_composed()
    {
        var result = await Send(Bob);

        var recipient = result.Recipients.ShouldHaveSingleItem();
        recipient.Outcome.ShouldBe(RecipientOutcome.Accepted);
        recipient.Reply!.Code.ShouldBe(250);
        var mail = _sink.Mails.All().ShouldHaveSingleItem();
        mail.Recipients.ShouldBe(Bob);
        mail.MessageId.ShouldBe("id@example.com");
        (mail.IsChunked, _sink.Counters.RepliesWith(354)).ShouldBe((chunking, chunking ? 0 : 1));
        using var parsed = mail.Parse();
        parsed.Subject.ShouldBe("subject");
        parsed.TextBody!.TrimEnd().ShouldBe("text\r\n.\r\nmore", StringCompareShould.IgnoreLineEndings);
    }

    [Test]
    public async Task A_large_mail_arrives_byte_for_byte()
    {
        byte[] file = [.. Enumerable.Range(0, 3_000_000).Select(number => (byte)(number * 7 >> 3))];
        var mail = MailComposer.Compose(
            new SendEmail
            {
                From = "ann@example.com",
                To = ["bob@example.com"],
                Subject = "Grüße",
                Text = string.Concat(Enumerable.Repeat("..\r\nZürich 📬\r\n.\r\n", 10_000)) + new string('x', 5_000),
                Attachments = [new Attachment { Filename = "Übersicht.bin", Content = file }],
            },
            "id@example.com",
            DateTimeOffset.UnixEpoch);

        var result = await Over(Pool()).SendAsync(mail, Bob, () => { }, CancellationToken.None);

        Outcomes(result).ShouldBe([RecipientOutcome.Accepted]);
        using var sent = new MemoryStream();
        await mail.Message.WriteToAsync(new FormatOptions { NewLineFormat = NewLineFormat.Dos, EnsureNewLine = true }, sent);
        var arrived = _sink.Mails.All().ShouldHaveSingleItem();
        arrived.IsChunked.ShouldBe(chunking);
        arrived.Raw.Span.SequenceEqual(sent.ToArray()).ShouldBeTrue();
    }

    [Test]
    public async Task An_address_beyond_ASCII_arrives()
    {
        var mail = MailComposer.Compose(
            new SendEmail { From = "jürgen@example.com", To = ["bøb@example.com"], Subject = "Grüße", Text = "Zürich" }, "id@example.com", DateTimeOffset.UnixEpoch);

        var result = await Over(Pool()).SendAsync(mail, ["bøb@example.com"], () => { }, CancellationToken.None);

        Outcomes(result).ShouldBe([RecipientOutcome.Accepted]);
        var arrived = _sink.Mails.All().ShouldHaveSingleItem();
        (arrived.Sender, arrived.Recipients.Single(), arrived.IsChunked).ShouldBe(("jürgen@example.com", "bøb@example.com", chunking));
        System.Text.Encoding.UTF8.GetString(arrived.Raw.Span).ShouldContain("bøb@example.com");
    }

    [Test]
    public async Task A_server_without_chunking_gets_DATA()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.Chunking = false);

        Outcomes(await Send(Pool(options => options.Port = sink.Port), Bob)).ShouldBe([RecipientOutcome.Accepted]);

        sink.Mails.All().ShouldHaveSingleItem().IsChunked.ShouldBeFalse();
        sink.Counters.RepliesWith(354).ShouldBe(1);
    }

    [TestCase(SmtpStage.Data, 451)]
    [TestCase(SmtpStage.Data, 554)]
    [TestCase(SmtpStage.EndOfData, 452)]
    [TestCase(SmtpStage.EndOfData, 554)]
    public async Task A_refused_content_leaves_the_connection_to_the_next_mail(SmtpStage stage, int code)
    {
        _sink.Script.Add(new ScriptRule(stage, RuleAction.Reply(code)) { Times = 1 });

        (await Send(Bob)).Failure!.Reply!.Code.ShouldBe(code);
        Outcomes(await Send(Bob)).ShouldBe([RecipientOutcome.Accepted]);

        _sink.Counters.Connections.ShouldBe(1);
    }

    [Test]
    public async Task Recipients_that_are_refused_do_not_keep_the_mail_from_the_others()
    {
        _sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550, "5.1.1 no such user")) { Recipient = "gone@*" });
        _sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451, "4.2.1 later")) { Recipient = "later@*" });

        var result = await Send("gone@example.com", "bob@example.com", "later@example.com");

        Outcomes(result).ShouldBe([RecipientOutcome.Rejected, RecipientOutcome.Accepted, RecipientOutcome.Deferred]);
        result.Recipients[0].Reply.ShouldBe(new SmtpReply(550, "5.1.1", "no such user"));
        result.Recipients[2].Reply.ShouldBe(new SmtpReply(451, "4.2.1", "later"));
        result.Failure.ShouldBeNull();
        _sink.Mails.All().ShouldHaveSingleItem().Recipients.ShouldBe(Bob);
    }

    [Test]
    public async Task Where_all_recipients_are_refused_each_keeps_its_own_reason()
    {
        _sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "gone@*" });
        _sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(451)) { Recipient = "later@*" });

        var result = await Send("gone@example.com", "later@example.com");

        Outcomes(result).ShouldBe([RecipientOutcome.Rejected, RecipientOutcome.Deferred]);
        result.Failure.ShouldBeNull();
    }

    [TestCase(SmtpStage.Mail, 550, RecipientOutcome.Rejected, "Mail")]
    [TestCase(SmtpStage.Mail, 451, RecipientOutcome.Deferred, "Mail")]
    [TestCase(SmtpStage.Data, 554, RecipientOutcome.Rejected, "Data")]
    [TestCase(SmtpStage.Data, 451, RecipientOutcome.Deferred, "Data")]
    [TestCase(SmtpStage.EndOfData, 554, RecipientOutcome.Rejected, "FinalReply")]
    [TestCase(SmtpStage.EndOfData, 452, RecipientOutcome.Deferred, "FinalReply")]
    public async Task A_refused_mail_is_so_for_all_recipients_and_says_where(SmtpStage stage, int code, RecipientOutcome outcome, string phase)
    {
        _sink.Script.Add(new ScriptRule(stage, RuleAction.Reply(code)));

        var result = await Send("bob@example.com", "carl@example.com");

        Outcomes(result).ShouldBe([outcome, outcome]);
        result.Failure!.Phase.ToString().ShouldBe(Known(phase));
        result.Failure.Reply!.Code.ShouldBe(code);
        _sink.Mails.Count.ShouldBe(0);
    }

    [TestCase(SmtpStage.Rcpt, "Recipient")]
    [TestCase(SmtpStage.Data, "Data")]
    [TestCase(SmtpStage.EndOfData, "FinalReply")]
    public async Task A_server_that_closes_is_dependency_unavailable_wherever_it_does(SmtpStage stage, string phase)
    {
        _sink.Script.Add(new ScriptRule(stage, RuleAction.Reply(421)));

        var result = await Send(Bob);

        Outcomes(result).ShouldBe([RecipientOutcome.Deferred]);
        result.Failure!.Kind.ShouldBe(FailureKind.DependencyUnavailable);
        result.Failure.Phase.ToString().ShouldBe(Known(phase));
    }

    [TestCase(SmtpStage.Rcpt, "Recipient", false)]
    [TestCase(SmtpStage.Data, "Data", false)]
    [TestCase(SmtpStage.EndOfData, "FinalReply", true)]
    public async Task A_lost_connection_leaves_the_outcome_open_only_after_the_content(SmtpStage stage, string phase, bool unknown)
    {
        _sink.Script.Add(new ScriptRule(stage, RuleAction.DropAfter) { Times = 1 });

        var result = await Send(Bob);

        _sink.Mails.Count.ShouldBe(unknown ? 1 : 0);
        unknown |= HasAllAt(stage);
        result.Failure!.Phase.ToString().ShouldBe(Known(phase));
        result.Failure.Verdict.OutcomeUnknown.ShouldBe(unknown);
        Outcomes(result).ShouldBe([unknown ? RecipientOutcome.Unknown : RecipientOutcome.Deferred]);
    }

    [Test]
    public async Task A_server_that_is_lost_in_the_middle_of_the_content_has_not_taken_the_mail()
    {
        _sink.Script.Add(new ScriptRule(SmtpStage.Data, RuleAction.DropBefore) { Times = 1 });
        // More than two sockets hold.
        var mail = MailComposer.Compose(
            new SendEmail
            {
                From = "ann@example.com",
                To = ["bob@example.com"],
                Subject = "s",
                Text = "t",
                Attachments = [new Attachment { Filename = "large.bin", Content = new byte[18_000_000] }],
            },
            "id@example.com",
            DateTimeOffset.UnixEpoch);

        var result = await Over(Pool()).SendAsync(mail, Bob, () => { }, CancellationToken.None);

        result.Failure!.Phase.ShouldBe(chunking ? SmtpPhase.Content : SmtpPhase.Data, result.Failure.Text);
        result.Failure.Verdict.ShouldBe(new Verdict(FailureKind.Transient, MomentCures: true));
        Outcomes(result).ShouldBe([RecipientOutcome.Deferred]);
    }

    [TestCase(SmtpStage.Mail, "Mail", false)]
    [TestCase(SmtpStage.Data, "Data", false)]
    [TestCase(SmtpStage.EndOfData, "FinalReply", true)]
    public async Task A_server_that_does_not_reply_is_waited_for_no_longer_than_its_phase_allows(SmtpStage stage, string phase, bool unknown)
    {
        _sink.Script.Add(new ScriptRule(stage, RuleAction.Hang));

        var result = await Send(Pool(options =>
        {
            options.CommandTimeout = TimeSpan.FromSeconds(3);
            options.DataTimeout = TimeSpan.FromSeconds(3);
        }), Bob);

        unknown |= HasAllAt(stage);
        result.Failure!.Phase.ToString().ShouldBe(Known(phase));
        result.Failure.Text.ShouldContain("did not reply in time");
        result.Failure.Verdict.ShouldBe(new Verdict(FailureKind.Transient, OutcomeUnknown: unknown));
    }

    [Test]
    public async Task A_slow_server_is_waited_for_in_each_phase_anew()
    {
        // All waits together are longer than a phase may take; each alone is far shorter.
        foreach (var stage in new[] { SmtpStage.Mail, chunking ? SmtpStage.Rcpt : SmtpStage.Data, SmtpStage.EndOfData })
            _sink.Script.Add(new ScriptRule(stage, RuleAction.Wait(TimeSpan.FromSeconds(2))));

        var result = await Send(Pool(options =>
        {
            options.CommandTimeout = TimeSpan.FromSeconds(5);
            options.DataTimeout = TimeSpan.FromSeconds(5);
        }), Bob);

        Outcomes(result).ShouldBe([RecipientOutcome.Accepted]);
    }

    [TestCase(SmtpStage.Connect, 421)]
    [TestCase(SmtpStage.Connect, 554)]
    [TestCase(SmtpStage.Ehlo, 421)]
    public async Task A_server_that_does_not_let_the_worker_in_is_unavailable(SmtpStage stage, int code)
    {
        _sink.Script.Add(new ScriptRule(stage, RuleAction.Reply(code)));

        var exception = await Should.ThrowAsync<SmtpUnavailableException>(() => Send(Bob));
        exception.Message.ShouldContain("Smtp:Host");
    }

    [Test]
    public async Task A_server_that_is_down_is_unavailable()
    {
        _sink.PauseListening();
        await Should.ThrowAsync<SmtpUnavailableException>(() => Send(Bob));
    }

    [Test]
    public async Task A_server_that_does_not_greet_is_unavailable()
    {
        _sink.Script.Add(new ScriptRule(SmtpStage.Connect, RuleAction.Hang));
        await Should.ThrowAsync<SmtpUnavailableException>(() => Send(Pool(options => options.ConnectTimeout = TimeSpan.FromMilliseconds(300)), Bob));
    }

    [Test]
    public async Task A_canceled_send_says_how_far_it_came()
    {
        var hang = _sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.Hang));
        using var stop = new CancellationTokenSource();

        var sending = Over(Pool()).SendAsync(Mail(), Bob, () => { }, stop.Token);
        await Eventually.Until(() => hang.Hits == 1, null, "the server has the whole mail");
        await stop.CancelAsync();

        (await sending).Failure!.Verdict.OutcomeUnknown.ShouldBeTrue();
    }

    [TestCase(SmtpStage.Mail, 550, FailureKind.Permanent)]
    [TestCase(SmtpStage.Mail, 451, FailureKind.Transient)]
    [TestCase(SmtpStage.Rcpt, 421, FailureKind.DependencyUnavailable)]
    [TestCase(SmtpStage.Data, 554, FailureKind.Permanent)]
    [TestCase(SmtpStage.Data, 451, FailureKind.Transient)]
    [TestCase(SmtpStage.EndOfData, 554, FailureKind.Permanent)]
    [TestCase(SmtpStage.EndOfData, 452, FailureKind.Transient)]
    [TestCase(SmtpStage.EndOfData, 421, FailureKind.DependencyUnavailable)]
    public async Task A_server_that_refuses_and_hangs_up_has_refused(SmtpStage stage, int code, object kind)
    {
        _sink.Script.Add(new ScriptRule(stage, RuleAction.Reply(code)));
        _sink.Script.Add(new ScriptRule(SmtpStage.Rset, RuleAction.DropBefore));

        var result = await Send(Bob);

        result.Failure!.Reply!.Code.ShouldBe(code);
        result.Failure.Verdict.ShouldBe(new Verdict((FailureKind)kind));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task What_is_withheld_before_data_is_not_sent(bool oneRefused)
    {
        if (oneRefused)
            _sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)) { Recipient = "last@*" });
        var asked = _sink.Script.Add(new ScriptRule(SmtpStage.Data, RuleAction.Hang));
        var pool = Pool();

        await Should.ThrowAsync<LeaseLostException>(() => Over(pool).SendAsync(
            Mail(), ["bob@example.com", "last@example.com"], () => throw new LeaseLostException(), CancellationToken.None));

        asked.Hits.ShouldBe(0);
        await Eventually.Until(() => _sink.Counters.OpenConnections == 0, null, "the dialogue was broken off, so the connection is closed");
    }

    [Test]
    public async Task Before_data_is_asked_once_after_the_last_recipient_and_not_where_nobody_was_accepted()
    {
        var asked = 0;
        var pool = Pool();
        await Over(pool).SendAsync(Mail(), ["a@example.com", "b@example.com"], () => asked++, CancellationToken.None);
        asked.ShouldBe(1);

        _sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(550)));
        await Over(pool).SendAsync(Mail(), ["a@example.com", "b@example.com"], () => asked++, CancellationToken.None);
        asked.ShouldBe(1);
    }

    [Test]
    public async Task A_recipient_who_needs_smtputf8_is_not_asked_for_where_the_server_lacks_it()
    {
        var result = await Send("bob@example.com", "jürgen@example.com");

        // The sink may offer SMTPUTF8; either way nobody is lost and nothing garbled was sent.
        var outcome = result.Recipients[1];
        if (outcome.Outcome == RecipientOutcome.Rejected)
            outcome.Reply!.EnhancedCode.ShouldBe("5.6.7");
        else
            _sink.Mails.All().ShouldHaveSingleItem().Recipients.ShouldContain("jürgen@example.com");
        result.Recipients[0].Outcome.ShouldBe(RecipientOutcome.Accepted);
    }

    [Test]
    public async Task A_recipient_that_is_given_twice_gets_one_mail_and_two_outcomes()
    {
        var result = await Send("bob@example.com", "bob@EXAMPLE.com", "b@bücher.example", "b@xn--bcher-kva.example");

        Outcomes(result).ShouldAllBe(outcome => outcome == RecipientOutcome.Accepted);
        result.Recipients.Count.ShouldBe(4);
        _sink.Mails.All().ShouldHaveSingleItem().Recipients.ShouldBe(["bob@example.com", "b@xn--bcher-kva.example"]);
    }

    [Test]
    public async Task Two_local_parts_that_differ_in_case_are_two_recipients()
    {
        var result = await Send("john@example.com", "ann@example.com", "John@example.com");

        Outcomes(result).ShouldAllBe(outcome => outcome == RecipientOutcome.Accepted);
        result.Recipients.Count.ShouldBe(3);
        _sink.Mails.All().SelectMany(mail => mail.Recipients).ShouldBe(["john@example.com", "ann@example.com", "John@example.com"], ignoreOrder: true);
    }

    [Test]
    public async Task What_the_server_said_is_not_lost_where_the_second_transaction_cannot_begin()
    {
        var asked = 0;
        var result = await Over(Pool()).SendAsync(
            Mail(), ["john@example.com", "John@example.com"], () => { if (++asked == 2) throw new LeaseLostException(); }, CancellationToken.None);

        result.Recipients.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            recipient => recipient.Address.ShouldBe("john@example.com"), recipient => recipient.Outcome.ShouldBe(RecipientOutcome.Accepted));
    }

    [TestCase("ann@example.com", "bob@example.com", null, false)]
    [TestCase("ann@bücher.example", "b@BÜCHER.example", null, false)]
    [TestCase("ann@example.com", "bøb@bücher.example", null, true)]
    [TestCase("ånn@example.com", "bob@example.com", null, true)]
    [TestCase("ann@example.com", "bob@example.com", "jürgen@example.com", true)]
    public async Task SMTPUTF8_is_asked_for_where_a_local_part_or_a_header_needs_it_and_domains_are_A_labels(string from, string to, string? replyTo, bool asks)
    {
        await using var server = new DialectServer(["8BITMIME", "SMTPUTF8", .. chunking ? ["CHUNKING"] : Array.Empty<string>()]);
        using var mail = MailComposer.Compose(
            new SendEmail { From = from, To = [to], ReplyTo = replyTo is null ? [] : [replyTo], Subject = "Grüße", Text = "t" }, "id@example.com", DateTimeOffset.UnixEpoch);

        var result = await Over(Pool(options => options.Port = server.Port)).SendAsync(mail, [to, "b@xn--bcher-kva.example"], () => { }, CancellationToken.None);

        Outcomes(result).ShouldAllBe(outcome => outcome == RecipientOutcome.Accepted);
        await _pool!.DisposeAsync();
        var commands = await server.CommandsAsync();
        commands.Single(command => command.StartsWith("MAIL", StringComparison.Ordinal)).Contains("SMTPUTF8", StringComparison.Ordinal).ShouldBe(asks);
        commands.ShouldContain("RCPT TO:<b@xn--bcher-kva.example>");
        commands.ShouldAllBe(command => !System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(command)).Contains("bücher", StringComparison.OrdinalIgnoreCase));
    }

    [Test]
    public async Task Without_SMTPUTF8_a_mail_whose_reply_address_needs_it_is_refused_and_says_why()
    {
        await using var server = new DialectServer(["8BITMIME"]);
        using var mail = MailComposer.Compose(
            new SendEmail { From = "ann@example.com", To = ["bob@example.com"], ReplyTo = ["jürgen@example.com"], Subject = "s", Text = "t" }, "id@example.com", DateTimeOffset.UnixEpoch);

        var result = await Over(Pool(options => options.Port = server.Port)).SendAsync(mail, Bob, () => { }, CancellationToken.None);

        Outcomes(result).ShouldBe([RecipientOutcome.Rejected]);
        result.Recipients[0].Reply!.ShouldSatisfyAllConditions(reply => reply.EnhancedCode.ShouldBe("5.6.7"), reply => reply.Text.ShouldContain("reply_to"));
        await _pool!.DisposeAsync();
        (await server.CommandsAsync()).ShouldNotContain(command => command.StartsWith("MAIL", StringComparison.Ordinal));
    }

    /// <summary>By BDAT there is no reply between those to RCPT and to the content: what the server says at DATA is heard then.</summary>
    private string Known(string phase) => chunking && phase == "Data" ? "FinalReply" : phase;

    private bool HasAllAt(SmtpStage stage) => chunking && stage == SmtpStage.Data;

    private static IEnumerable<RecipientOutcome> Outcomes(SendResult result) => result.Recipients.Select(recipient => recipient.Outcome);

    private static OutgoingMail Mail() => MailComposer.Compose(
        new SendEmail { From = "ann@example.com", To = ["bob@example.com"], Subject = "subject", Text = "text\r\n.\r\nmore" },
        "id@example.com",
        DateTimeOffset.UnixEpoch);

    private Task<SendResult> Send(params string[] recipients) => Send(_pool ?? Pool(), recipients);

    private static Task<SendResult> Send(SmtpConnectionPool pool, params string[] recipients) =>
        Over(pool).SendAsync(Mail(), recipients, () => { }, CancellationToken.None);

    private static SmtpSender Over(SmtpConnectionPool pool) => new(pool, NullLogger<SmtpSender>.Instance);

    private SmtpConnectionPool Pool(Action<SmtpOptions>? configure = null)
    {
        var options = new SmtpOptions { Host = "127.0.0.1", Port = _sink.Port, Chunking = chunking };
        configure?.Invoke(options);
        return _pool = new SmtpConnectionPool(Microsoft.Extensions.Options.Options.Create(options), new SmtpAvailability(TimeProvider.System), TimeProvider.System);
    }
}
