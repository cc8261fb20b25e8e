using System.Text;
using MailKit.Net.Smtp;
using MailSink.Rules;

namespace MailSink.Tests.Smtp;

/// <summary>Mail by BDAT (RFC 3030).</summary>
internal sealed class ChunkingTests
{
    private SmtpSink _sink = null!;
    private RawClient _raw = null!;

    [SetUp]
    public async Task SetUp()
    {
        _sink = SmtpSink.StartOnFreePort(options => options.MaxMessageBytes = 4096);
        _raw = await RawClient.GreetedAsync(_sink);
    }

    [TearDown]
    public async Task TearDown()
    {
        _raw.Dispose();
        await _sink.DisposeAsync();
    }

    [Test]
    public async Task A_mail_by_MailKit_is_kept_byte_for_byte()
    {
        using var client = new ChunkingClient();
        await client.ConnectAsync("127.0.0.1", _sink.Port, MailKit.Security.SecureSocketOptions.None);
        var sent = Mailing.Mail(subject: "Grüße", text: ".\r\n..two dots\r\nend");

        await client.SendAsync(sent);
        await client.SendAsync(Mailing.Mail());

        var mail = _sink.Mails.All()[1];
        mail.IsChunked.ShouldBeTrue();
        mail.MessageId.ShouldBe(sent.MessageId);
        using var bytes = new MemoryStream();
        await sent.WriteToAsync(new MimeKit.FormatOptions { NewLineFormat = MimeKit.NewLineFormat.Dos, EnsureNewLine = true }, bytes);
        mail.Raw.ToArray().ShouldBe(bytes.ToArray());
        _sink.Counters.RepliesWith(354).ShouldBe(0);
    }

    [TestCase("Subject: 1\r\n\r\nHi\r\n|")]
    [TestCase("Subject: 1\r\n\r\n.\r\n..\r\n.\r\nQUIT\r\n", TestName = "Dots_and_commands_are_text")]
    [TestCase("Sub|ject: 1\r|\n\r\n|Hi\r\n")]
    [TestCase("|Subject: 1\r\n\r\nHi", TestName = "Text_need_not_end_with_its_line")]
    [TestCase("Subject: Grüße\r\n\r\n|Hi\r\n", TestName = "Octets_are_counted_and_not_characters")]
    [TestCase("", TestName = "Nothing_is_a_mail_too")]
    public async Task The_chunks_are_the_mail_also_where_the_last_is_empty(string chunks)
    {
        await _raw.AddressMailAsync();

        var parts = chunks.Split('|');
        foreach (var chunk in parts[..^1])
            (await _raw.SayChunkAsync(chunk))!.ShouldStartWith("250");
        _sink.Mails.Count.ShouldBe(0);
        (await _raw.SayChunkAsync(parts[^1], last: true))!.ShouldStartWith("250");

        Encoding.UTF8.GetString(_sink.Mails.All().ShouldHaveSingleItem().Raw.Span).ShouldBe(string.Concat(parts));
        (await _raw.SayAsync("NOOP"))!.ShouldStartWith("250");
    }

    [Test]
    public async Task Chunks_and_mails_sent_in_one_go_are_answered_one_by_one()
    {
        await _raw.SendAsync(
            "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nBDAT 4\r\nA: b" + "BDAT 4 last\r\n\r\n\r\n"
            + "MAIL FROM:<a@example.com>\r\nRCPT TO:<c@example.com>\r\nDATA\r\n\r\n.\r\nQUIT\r\n");

        foreach (var code in new[] { "250", "250", "250", "250", "250", "250", "354", "250", "221" })
            (await _raw.ReplyAsync())!.ShouldStartWith(code);
        _sink.Mails.All().Select(mail => (mail.Recipients.Single(), mail.IsChunked)).ShouldBe([("c@example.com", false), ("b@example.com", true)]);
    }

    [TestCase("BDAT", "501")]
    [TestCase("BDAT many", "501")]
    [TestCase("BDAT -4", "501")]
    [TestCase("BDAT 99999999999999999999 LAST", "501", TestName = "A_size_past_all_numbers")]
    [TestCase("MAIL FROM:<a@b>|RCPT TO:<a@b>|BDAT 4 FIRST\r\nQUIT", "501", TestName = "A_word_that_is_not_LAST")]
    [TestCase("MAIL FROM:<a@b>|RCPT TO:<a@b>|BDAT 4 LAST LAST\r\nQUIT", "501")]
    [TestCase("BDAT 4 LAST\r\nQUIT", "503", TestName = "BDAT_before_MAIL")]
    [TestCase("MAIL FROM:<a@b>|BDAT 4 LAST\r\nQUIT", "503", TestName = "BDAT_before_RCPT")]
    [TestCase("MAIL FROM:<a@b>|RCPT TO:<fail-550@b>|BDAT 4 LAST\r\nQUIT", "503", TestName = "BDAT_without_an_accepted_recipient")]
    [TestCase("MAIL FROM:<a@b>|RCPT TO:<a@b>|BDAT 4 LAST\r\nQUIT|BDAT 4 LAST\r\nQUIT", "503", TestName = "BDAT_after_the_last")]
    [TestCase("MAIL FROM:<a@b>|RCPT TO:<a@b>|BDAT 4\r\nQUIT|DATA", "503", TestName = "DATA_after_BDAT")]
    [TestCase("MAIL FROM:<a@b>|RCPT TO:<a@b>|BDAT 4\r\nQUIT|RCPT TO:<c@b>", "503", TestName = "RCPT_after_BDAT")]
    [TestCase("MAIL FROM:<a@b>|RCPT TO:<a@b>|BDAT 4\r\nQUIT|MAIL FROM:<a@b>", "503", TestName = "MAIL_after_BDAT")]
    [TestCase("MAIL FROM:<a@b>|RCPT TO:<a@b>|BDAT 4\r\nQUIT|RSET|BDAT 0 LAST", "503", TestName = "RSET_ends_a_mail_by_BDAT")]
    public async Task What_is_out_of_order_is_refused_as_RFC_3030_says_and_its_octets_are_read(string lines, string code)
    {
        string? reply = null;
        // What follows CR LF are the octets of a BDAT: nothing comes after them.
        foreach (var line in lines.Split('|'))
        {
            await _raw.SendAsync(line.Contains('\n', StringComparison.Ordinal) ? line : line + "\r\n");
            reply = await _raw.ReplyAsync();
        }

        reply!.ShouldStartWith(code);
        (await _raw.SayAsync("NOOP"))!.ShouldStartWith("250");
        _sink.Counters.RepliesWith(221).ShouldBe(0);
    }

    [Test]
    public async Task A_mail_bigger_than_announced_or_with_a_line_too_long_is_refused_and_not_kept()
    {
        await _raw.AddressMailAsync();
        (await _raw.SayChunkAsync(Text(5000), last: true))!.ShouldStartWith("552");
        await _raw.AddressMailAsync();
        (await _raw.SayChunkAsync(Text(4000)))!.ShouldStartWith("250");
        (await _raw.SayChunkAsync(Text(4000)))!.ShouldStartWith("552");
        (await _raw.SayChunkAsync("", last: true))!.ShouldStartWith("503");
        await _raw.AddressMailAsync();
        (await _raw.SayChunkAsync(new string('x', 1001), last: true))!.ShouldStartWith("554");

        _sink.Mails.Count.ShouldBe(0);
        static string Text(int length) => string.Concat(Enumerable.Repeat("12345678\r\n", length / 10));
    }

    [TestCase(SmtpStage.Data)]
    [TestCase(SmtpStage.EndOfData)]
    public async Task A_rule_refuses_a_mail_by_BDAT_before_its_content_and_at_its_end(SmtpStage stage)
    {
        var rule = _sink.Script.Add(new ScriptRule(stage, RuleAction.Reply(451, "4.3.0 Later")) { Recipient = "b@*" });
        await _raw.AddressMailAsync();
        // What was sent ahead is of no mail any more.
        await _raw.SendAsync("BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n");

        (await _raw.ReplyAsync()).ShouldBe(stage == SmtpStage.Data ? "451 4.3.0 Later" : "250 2.0.0 Ok: go on");
        (await _raw.ReplyAsync())!.ShouldStartWith(stage == SmtpStage.Data ? "503" : "451 4.3.0 Later");
        (await _raw.SayAsync("NOOP"))!.ShouldStartWith("250");
        rule.Hits.ShouldBe(1);
        _sink.Mails.Count.ShouldBe(0);
    }

    [TestCase(SmtpStage.Data, true)]
    [TestCase(SmtpStage.Data, false)]
    [TestCase(SmtpStage.EndOfData, true)]
    [TestCase(SmtpStage.EndOfData, false)]
    public async Task A_drop_takes_a_mail_by_BDAT_only_after_its_end(SmtpStage stage, bool done)
    {
        _sink.Script.Add(new ScriptRule(stage, done ? RuleAction.DropAfter : RuleAction.DropBefore));
        await _raw.AddressMailAsync();

        (await _raw.SayChunkAsync("\r\n", last: true)).ShouldBeNull();

        _sink.Mails.Count.ShouldBe(stage == SmtpStage.EndOfData && done ? 1 : 0);
    }

    [Test]
    public async Task A_421_to_BDAT_closes_the_connection()
    {
        _sink.Script.Add(new ScriptRule(SmtpStage.Data, RuleAction.Reply(421)));
        await _raw.AddressMailAsync();

        (await _raw.SayChunkAsync("\r\n", last: true))!.ShouldStartWith("421");
        (await _raw.ReplyAsync()).ShouldBeNull();
        _sink.Mails.Count.ShouldBe(0);
    }

    [Test]
    public async Task A_rule_that_hangs_before_the_content_takes_none_of_it()
    {
        var hang = _sink.Script.Add(new ScriptRule(SmtpStage.Data, RuleAction.Hang));
        await _raw.AddressMailAsync();

        var never = _raw.SayChunkAsync("\r\n", last: true);
        await Eventually.Until(() => hang.Hits == 1, within: null, "the rule to act");
        never.IsCompleted.ShouldBeFalse();
        await _sink.DisposeAsync();

        (await never).ShouldBeNull();
        _sink.Mails.Count.ShouldBe(0);
    }

    [Test]
    public async Task A_client_that_leaves_in_the_middle_of_a_chunk_leaves_nothing()
    {
        await _raw.AddressMailAsync();
        await _raw.SendAsync("BDAT 10 LAST\r\n123456789");
        _raw.Dispose();

        await Eventually.Until(() => _sink.Counters.OpenConnections == 0, within: null, "the session's end");
        _sink.Mails.Count.ShouldBe(0);
    }

    [Test]
    public async Task Without_chunking_it_is_neither_offered_nor_taken()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.Chunking = false);
        using var client = await Mailing.ClientAsync(sink);
        client.Capabilities.HasFlag(SmtpCapabilities.Chunking).ShouldBeFalse();

        using var raw = await RawClient.GreetedAsync(sink);
        await raw.AddressMailAsync();
        (await raw.SayAsync("BDAT 4 LAST"))!.ShouldStartWith("502");
    }

    private sealed class ChunkingClient : SmtpClient
    {
        protected override bool PreferSendAsBinaryData => true;
    }
}
