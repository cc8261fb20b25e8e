using MailSink.Mails;
using Microsoft.Extensions.Time.Testing;

namespace MailSink.Tests.Smtp;

internal sealed class ProtocolTests
{
    [Test]
    public async Task A_mail_by_MailKit_is_kept_with_envelope_and_bytes()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        var sent = Mailing.Mail(subject: "Grüße", text: ".\r\n..two dots\r\nend");

        await Mailing.SendAsync(sink, sent);

        var mail = sink.Mails.All().ShouldHaveSingleItem();
        mail.Sender.ShouldBe("ann@example.com");
        mail.Recipients.ShouldBe(["bob@example.com"]);
        mail.MessageId.ShouldBe(sent.MessageId);
        using var parsed = mail.Parse();
        parsed.Subject.ShouldBe("Grüße");
        parsed.TextBody!.ReplaceLineEndings("\n").TrimEnd().ShouldBe(".\n..two dots\nend");
        (sink.Counters.Mails, sink.Counters.Bytes).ShouldBe((1, mail.Size));
    }

    [Test]
    public async Task Offers_its_extensions()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.MaxMessageBytes = 4096);
        using var client = await Mailing.ClientAsync(sink);

        client.Capabilities.ShouldBe(
            MailKit.Net.Smtp.SmtpCapabilities.Pipelining | MailKit.Net.Smtp.SmtpCapabilities.Size | MailKit.Net.Smtp.SmtpCapabilities.EightBitMime
            | MailKit.Net.Smtp.SmtpCapabilities.Chunking | MailKit.Net.Smtp.SmtpCapabilities.UTF8 | MailKit.Net.Smtp.SmtpCapabilities.EnhancedStatusCodes);
        client.MaxSize.ShouldBe(4096u);
    }

    [Test]
    public async Task Commands_sent_in_one_go_are_answered_one_by_one_and_in_order()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        using var raw = await RawClient.GreetedAsync(sink);

        await raw.SendAsync(
            "MAIL FROM:<a@example.com>\r\nRCPT TO:<fail-550@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
            + "Subject: 1\r\n\r\n..\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n\r\n.\r\nQUIT\r\n");

        foreach (var code in new[] { "250", "550", "250", "354", "250", "250", "250", "354", "250", "221" })
            (await raw.ReplyAsync())!.ShouldStartWith(code);
        (await raw.ReplyAsync()).ShouldBeNull();
        sink.Mails.All().Select(mail => mail.Recipients.Single()).ShouldBe(["c@example.com", "b@example.com"]);
        System.Text.Encoding.ASCII.GetString(sink.Mails.All()[1].Raw.Span).ShouldBe("Subject: 1\r\n\r\n.\r\n");
    }

    [TestCase("MAIL FROM:<a@example.com>", "503", TestName = "MAIL_before_EHLO")]
    [TestCase("RCPT TO:<a@example.com>", "503", TestName = "RCPT_before_MAIL")]
    [TestCase("DATA", "503", TestName = "DATA_before_MAIL")]
    [TestCase("EHLO", "501", TestName = "EHLO_without_a_name")]
    [TestCase("EHLO x|DATA", "503", TestName = "DATA_after_EHLO")]
    [TestCase("EHLO x|MAIL FROM:<a@b>|MAIL FROM:<a@b>", "503", TestName = "MAIL_in_a_mail")]
    [TestCase("EHLO x|MAIL FROM:<a@b>|DATA", "503", TestName = "DATA_without_a_recipient")]
    [TestCase("EHLO x|MAIL FROM:<a@b>|RCPT TO:<fail-550@b>|DATA", "503", TestName = "DATA_without_an_accepted_recipient")]
    [TestCase("EHLO x|MAIL FROM:<a@b>|RSET|RCPT TO:<a@b>", "503", TestName = "RCPT_after_RSET")]
    [TestCase("EHLO x|MAIL FROM:a@b", "501", TestName = "MAIL_without_brackets")]
    [TestCase("EHLO x|MAIL FROM:<nonsense>", "501", TestName = "MAIL_with_no_mailbox")]
    [TestCase("EHLO x|MAIL FROM:<>", "250", TestName = "MAIL_of_a_bounce")]
    [TestCase("EHLO x|MAIL FROM:<a@b> SIZE=99999999", "552", TestName = "MAIL_that_announces_too_much")]
    [TestCase("EHLO x|MAIL FROM:<a@b> SIZE=many", "501", TestName = "MAIL_with_a_bad_size")]
    [TestCase("EHLO x|MAIL FROM:<a@b> BODY=8BITMIME SIZE=10 SMTPUTF8", "250", TestName = "MAIL_with_parameters")]
    [TestCase("EHLO x|MAIL FROM:<a@b> RET=FULL", "555", TestName = "MAIL_with_an_unknown_parameter")]
    [TestCase("EHLO x|MAIL FROM:<ä@b>", "553", TestName = "MAIL_beyond_ASCII_without_SMTPUTF8")]
    [TestCase("EHLO x|MAIL FROM:<ä@b> SMTPUTF8", "250", TestName = "MAIL_beyond_ASCII")]
    [TestCase("EHLO x|MAIL FROM:<\"a >b\"@c>", "250", TestName = "MAIL_with_a_quoted_bracket")]
    [TestCase("EHLO x|MAIL FROM:<a@b>|RCPT TO:<@relay.example:c@d>", "250", TestName = "RCPT_with_a_source_route")]
    [TestCase("EHLO x|MAIL FROM:<a@b>|RCPT TO:<Postmaster>", "250", TestName = "RCPT_of_the_postmaster")]
    [TestCase("EHLO x|AUTH PLAIN AAAA", "502", TestName = "AUTH_where_none_is_offered")]
    [TestCase("EHLO x|STARTTLS", "502", TestName = "STARTTLS_where_none_is_offered")]
    [TestCase("HELO x", "250", TestName = "HELO")]
    [TestCase("VRFY a", "252", TestName = "VRFY")]
    [TestCase("NOOP anything", "250", TestName = "NOOP")]
    [TestCase("BLUB", "500", TestName = "A_command_that_does_not_exist")]
    [TestCase("POST / HTTP/1.1", "421", TestName = "A_browser")]
    public async Task Commands_are_answered_as_RFC_5321_says(string lines, string code)
    {
        await using var sink = SmtpSink.StartOnFreePort();
        using var raw = await RawClient.ConnectAsync(sink);
        var reply = await raw.ReplyAsync();

        foreach (var line in lines.Split('|'))
            reply = await raw.SayAsync(line);

        reply!.ShouldStartWith(code);
    }

    [Test]
    public async Task A_command_line_too_long_is_refused_and_the_next_is_obeyed()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        using var raw = await RawClient.GreetedAsync(sink);

        (await raw.SayAsync("NOOP " + new string('x', 100_000)))!.ShouldStartWith("500");
        (await raw.SayAsync("NOOP"))!.ShouldStartWith("250");
    }

    [Test]
    public async Task A_mail_bigger_than_announced_or_with_a_line_too_long_is_refused_and_not_kept()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.MaxMessageBytes = 4096);
        using var raw = await RawClient.GreetedAsync(sink);

        await raw.BeginMailAsync();
        (await raw.SayAsync(string.Join("\r\n", Enumerable.Repeat("0123456789", 500)) + "\r\n."))!.ShouldStartWith("552");
        await raw.BeginMailAsync();
        (await raw.SayAsync(new string('x', 1001) + "\r\n."))!.ShouldStartWith("554");

        sink.Mails.Count.ShouldBe(0);
        sink.Counters.Mails.ShouldBe(0);
    }

    [Test]
    public async Task A_silent_client_is_told_and_sent_away()
    {
        var timeProvider = new FakeTimeProvider();
        await using var sink = SmtpSink.StartOnFreePort(timeProvider: timeProvider);
        using var raw = await RawClient.GreetedAsync(sink);

        // Until the server waits for the next command, its clock has nothing to ring for.
        var reply = raw.ReplyAsync();
        await Eventually.Until(
            () =>
            {
                timeProvider.Advance(TimeSpan.FromMinutes(6));
                return reply.IsCompleted;
            },
            within: null,
            "the time-out");

        (await reply)!.ShouldStartWith("421");
        (await raw.ReplyAsync()).ShouldBeNull();
    }

    [Test]
    public async Task Connections_past_the_most_are_answered_421()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.MaxConnections = 1);
        using var first = await RawClient.GreetedAsync(sink);
        using var second = await RawClient.ConnectAsync(sink);

        (await second.ReplyAsync())!.ShouldStartWith("421");
        (await first.SayAsync("NOOP"))!.ShouldStartWith("250");
    }

    [Test]
    public async Task Of_connections_that_come_at_once_as_many_are_served_as_may_be()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.MaxConnections = 3);
        var clients = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RawClient.ConnectAsync(sink)));

        var greetings = await Task.WhenAll(clients.Select(client => client.ReplyAsync()));

        greetings.Count(greeting => greeting!.StartsWith("220", StringComparison.Ordinal)).ShouldBe(3);
        foreach (var client in clients)
            client.Dispose();
    }

    [Test]
    public async Task Stopping_says_good_bye_to_clients_that_wait()
    {
        var sink = SmtpSink.StartOnFreePort();
        using var raw = await RawClient.GreetedAsync(sink);

        await sink.DisposeAsync();

        (await raw.ReplyAsync())!.ShouldStartWith("421");
        (await raw.ReplyAsync()).ShouldBeNull();
    }

    [Test]
    public async Task A_client_that_leaves_in_the_middle_of_a_mail_leaves_nothing()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        using (var raw = await RawClient.GreetedAsync(sink))
        {
            await raw.BeginMailAsync();
            await raw.SendAsync("Subject: half\r\n");
        }

        await Eventually.Until(() => sink.Counters.OpenConnections == 0, within: null, "the session's end");
        sink.Mails.Count.ShouldBe(0);
    }

    [Test]
    public async Task A_server_that_is_down_refuses_and_comes_back_on_its_port()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        var port = sink.Port;
        using var open = await RawClient.GreetedAsync(sink);

        sink.PauseListening(dropConnections: true);

        (await open.ReplyAsync()).ShouldBeNull();
        await Should.ThrowAsync<System.Net.Sockets.SocketException>(() => RawClient.ConnectAsync(sink));
        sink.IsListening.ShouldBeFalse();

        sink.ResumeListening();

        sink.Port.ShouldBe(port);
        await Mailing.SendAsync(sink, Mailing.Mail());
        sink.Mails.Count.ShouldBe(1);
    }

    [Test]
    public async Task Many_connections_at_once_lose_nothing()
    {
        await using var sink = SmtpSink.StartOnFreePort();

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() =>
            Mailing.SendAsync(sink, [.. Enumerable.Range(0, 50).Select(_ => Mailing.Mail())]))));

        sink.Counters.Mails.ShouldBe(500);
        sink.Mails.All().Select(mail => mail.MessageId).Distinct().Count().ShouldBe(500);
        sink.Counters.MessageIds.Duplicates.ShouldBeEmpty();
    }

    [TestCase("Message-ID: <a@b>\r\n\r\n", "a@b")]
    [TestCase("Subject: x\r\nmessage-id:\r\n <a@b>\r\nX: y\r\n\r\n", "a@b")]
    [TestCase("Message-ID: bare\r\nX: <y>\r\n\r\n", "bare")]
    [TestCase("Subject: x\r\n\r\nMessage-ID: <body@b>\r\n", "")]
    [TestCase("", "")]
    public void The_message_id_is_found_in_the_header_alone(string mail, string id) =>
        MessageIdHeader.Find(System.Text.Encoding.ASCII.GetBytes(mail)).ShouldBe(id);
}
