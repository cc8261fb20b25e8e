using Consumer.Worker.Smtp;
using Contracts;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>The sender against a mail server that this project did not write.</summary>
internal sealed class PostfixSinkTests
{
    private const string Text = "Zürich\r\n.\r\n..\r\nmore";

    private static readonly string[] Bob = ["bob@example.com"];

    private PostfixSink? _sink;
    private SmtpConnectionPool? _pool;

    [TearDown]
    public async Task TearDown()
    {
        if (_pool is not null)
            await _pool.DisposeAsync();
        if (_sink is not null)
            await _sink.DisposeAsync();
        (_pool, _sink) = (null, null);
    }

    [Test]
    public async Task Many_mails_at_once_arrive_once_each()
    {
        const int mails = 2_000;
        var sender = await StartAsync();

        await Parallel.ForEachAsync(Enumerable.Range(0, mails), new ParallelOptions { MaxDegreeOfParallelism = 40 }, async (number, cancellationToken) =>
        {
            var result = await sender.SendAsync(Mail($"{number}@example.com"), Bob, () => { }, cancellationToken);
            Outcomes(result).ShouldBe([RecipientOutcome.Accepted]);
        });

        _sink!.Mails().Select(mail => mail.MessageId).ShouldBe(Enumerable.Range(0, mails).Select(number => $"{number}@example.com"), ignoreOrder: true);
    }

    [TestCase("")]
    [TestCase("-p", TestName = "Without pipelining a mail arrives as it is")]
    [TestCase("-8", TestName = "Without 8BITMIME a mail arrives as it is")]
    [TestCase("-E", TestName = "Without enhanced codes a mail arrives as it is")]
    [TestCase("-e", TestName = "Without ESMTP a mail arrives as it is")]
    [TestCase("-P", TestName = "Through a firewall that stars out the greeting a mail arrives as it is")]
    public async Task A_mail_arrives_as_it_is_in_whatever_dialect(string option)
    {
        var sender = await StartAsync(option.Length == 0 ? [] : [option]);

        var result = await sender.SendAsync(Mail(), ["bob@example.com", "carl@example.com"], () => { }, CancellationToken.None);

        Outcomes(result).ShouldBe([RecipientOutcome.Accepted, RecipientOutcome.Accepted]);
        var mail = _sink!.Mails().ShouldHaveSingleItem();
        mail.MessageId.ShouldBe("id@example.com");
        mail.Date.ShouldBe(DateTimeOffset.UnixEpoch);
        mail.Subject.ShouldBe("Grüße");
        // smtp-sink ends its files with an empty line.
        mail.TextBody!.TrimEnd().ShouldBe(Text, StringCompareShould.IgnoreLineEndings);
        mail.Headers.Where(header => header.Field == "X-Rcpt-Args").Select(header => header.Value).ShouldBe(["<bob@example.com>", "<carl@example.com>"]);
        if (option is "-8" or "-e")
            _sink.Bytes().Single().ShouldAllBe(value => value < 0x80);
    }

    [Test]
    public async Task Without_smtputf8_only_the_recipient_who_needs_it_is_refused()
    {
        var sender = await StartAsync();

        var result = await sender.SendAsync(Mail(), ["bob@example.com", "jürgen@example.com", "carl@müller.example"], () => { }, CancellationToken.None);

        Outcomes(result).ShouldBe([RecipientOutcome.Accepted, RecipientOutcome.Rejected, RecipientOutcome.Accepted]);
        result.Recipients[1].Reply!.EnhancedCode.ShouldBe("5.6.7");
        _sink!.Mails().ShouldHaveSingleItem().Headers.Where(header => header.Field == "X-Rcpt-Args").Select(header => header.Value)
            .ShouldBe(["<bob@example.com>", "<carl@xn--mller-kva.example>"]);
    }

    [Test]
    public async Task Without_smtputf8_the_others_get_the_mail_without_a_byte_beyond_ASCII_in_its_headers()
    {
        var sender = await StartAsync();
        using var mail = MailComposer.Compose(
            new SendEmail { From = "ann@example.com", To = ["Jürgen <jürgen@example.com>", "bob@example.com"], Subject = "Grüße", Text = "t" }, "id@example.com", DateTimeOffset.UnixEpoch);

        var result = await sender.SendAsync(mail, ["jürgen@example.com", "bob@example.com"], () => { }, CancellationToken.None);

        Outcomes(result).ShouldBe([RecipientOutcome.Rejected, RecipientOutcome.Accepted]);
        _sink!.Bytes().Single().ShouldAllBe(value => value < 0x80);
        var arrived = _sink.Mails().ShouldHaveSingleItem();
        arrived.To.Mailboxes.Single().Address.ShouldBe("bob@example.com");
        arrived.To[0].Name.ShouldBe("Jürgen jürgen@example.com");
    }

    // -f replies 500, -r 450, -Q 421 and hangs up, -q hangs up without a word.
    [TestCase("-f", "MAIL", SmtpPhase.Mail, FailureKind.Permanent, RecipientOutcome.Rejected)]
    [TestCase("-f", "DATA", SmtpPhase.Data, FailureKind.Permanent, RecipientOutcome.Rejected)]
    [TestCase("-f", ".", SmtpPhase.FinalReply, FailureKind.Permanent, RecipientOutcome.Rejected)]
    [TestCase("-r", "MAIL", SmtpPhase.Mail, FailureKind.Transient, RecipientOutcome.Deferred)]
    [TestCase("-r", "DATA", SmtpPhase.Data, FailureKind.Transient, RecipientOutcome.Deferred)]
    [TestCase("-r", ".", SmtpPhase.FinalReply, FailureKind.Transient, RecipientOutcome.Deferred)]
    [TestCase("-Q", "MAIL", SmtpPhase.Mail, FailureKind.DependencyUnavailable, RecipientOutcome.Deferred)]
    [TestCase("-Q", "RCPT", SmtpPhase.Recipient, FailureKind.DependencyUnavailable, RecipientOutcome.Deferred)]
    [TestCase("-Q", "DATA", SmtpPhase.Data, FailureKind.DependencyUnavailable, RecipientOutcome.Deferred)]
    [TestCase("-Q", ".", SmtpPhase.FinalReply, FailureKind.DependencyUnavailable, RecipientOutcome.Deferred)]
    [TestCase("-q", "MAIL", SmtpPhase.Mail, FailureKind.Transient, RecipientOutcome.Deferred)]
    [TestCase("-q", "RCPT", SmtpPhase.Recipient, FailureKind.Transient, RecipientOutcome.Deferred)]
    [TestCase("-q", "DATA", SmtpPhase.Data, FailureKind.Transient, RecipientOutcome.Deferred)]
    [TestCase("-q", ".", SmtpPhase.FinalReply, FailureKind.Transient, RecipientOutcome.Unknown)]
    public async Task Where_and_how_the_server_fails_decides(string option, string command, object phase, object kind, RecipientOutcome outcome)
    {
        var sender = await StartAsync(option, command);

        var result = await sender.SendAsync(Mail(), Bob, () => { }, CancellationToken.None);

        Outcomes(result).ShouldBe([outcome]);
        (result.Failure!.Phase, result.Failure.Kind).ShouldBe(((SmtpPhase)phase, (FailureKind)kind), result.Failure.Text);
    }

    [TestCase("-f", RecipientOutcome.Rejected)]
    [TestCase("-r", RecipientOutcome.Deferred)]
    public async Task A_refused_recipient_is_so_by_itself(string option, RecipientOutcome outcome)
    {
        var sender = await StartAsync(option, "RCPT");

        var result = await sender.SendAsync(Mail(), Bob, () => { }, CancellationToken.None);

        Outcomes(result).ShouldBe([outcome]);
        result.Failure.ShouldBeNull();
    }

    [Test]
    public async Task A_server_that_refuses_in_the_middle_of_the_content_has_not_taken_the_mail()
    {
        // Replies 550 after DATA without reading on.
        var sender = await StartAsync("-A", "0");

        var result = await sender.SendAsync(Mail(text: new string('x', 70) + string.Concat(Enumerable.Repeat("\r\n" + new string('y', 70), 100_000))), Bob, () => { }, CancellationToken.None);

        result.Failure!.Phase.ShouldBe(SmtpPhase.Content, result.Failure.Text);
        result.Failure.Verdict.OutcomeUnknown.ShouldBeFalse();
        _sink!.Mails().ShouldAllBe(mail => mail.TextBody == null || mail.TextBody.Length < 70 * 100_000);
    }

    [TestCase("-q", "CONNECT")]
    [TestCase("-Q", "CONNECT")]
    [TestCase("-f", "CONNECT")]
    [TestCase("-r", "CONNECT")]
    [TestCase("-q", "EHLO")]
    [TestCase("-Q", "EHLO")]
    [TestCase("-f", "EHLO,HELO")]
    [TestCase("-r", "EHLO,HELO")]
    public async Task A_server_that_lets_nobody_in_is_unavailable(string option, string command)
    {
        var sender = await StartAsync(option, command);
        await Should.ThrowAsync<SmtpUnavailableException>(() => sender.SendAsync(Mail(), Bob, () => { }, CancellationToken.None));
    }

    [TestCase("RCPT", SmtpPhase.Recipient, false)]
    [TestCase("DATA", SmtpPhase.Data, false)]
    [TestCase(".", SmtpPhase.FinalReply, true)]
    public async Task A_server_that_hangs_is_left_in_time(string command, object phase, bool unknown)
    {
        // Without pipelining, so that each reply is sent at once.
        var sender = await StartAsync(TimeSpan.FromSeconds(5), "-p", "-W", $"{command}:60");

        var result = await sender.SendAsync(Mail(), Bob, () => { }, CancellationToken.None);

        result.Failure!.Phase.ShouldBe((SmtpPhase)phase);
        result.Failure.Verdict.OutcomeUnknown.ShouldBe(unknown);
    }

    private static IEnumerable<RecipientOutcome> Outcomes(SendResult result) => result.Recipients.Select(recipient => recipient.Outcome);

    private static OutgoingMail Mail(string messageId = "id@example.com", string text = Text) => MailComposer.Compose(
        new SendEmail { From = "ann@example.com", To = ["bob@example.com"], Subject = "Grüße", Text = text }, messageId, DateTimeOffset.UnixEpoch);

    private Task<SmtpSender> StartAsync(params string[] options) => StartAsync(timeout: null, options);

    /// <param name="timeout">How long each reply may take; null: the defaults.</param>
    /// <param name="options">The server's.</param>
    private async Task<SmtpSender> StartAsync(TimeSpan? timeout, params string[] options)
    {
        _sink = await PostfixSink.StartAsync(options);
        var smtp = new SmtpOptions { Host = "127.0.0.1", Port = _sink.Port };
        if (timeout is { } longest)
            smtp.CommandTimeout = smtp.DataTimeout = longest;
        _pool = new SmtpConnectionPool(Microsoft.Extensions.Options.Options.Create(smtp), new SmtpAvailability(TimeProvider.System), TimeProvider.System);
        return new SmtpSender(_pool, NullLogger<SmtpSender>.Instance);
    }
}
