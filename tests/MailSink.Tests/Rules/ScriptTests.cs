using MailSink.Rules;
using Microsoft.Extensions.Time.Testing;

namespace MailSink.Tests.Rules;

internal sealed class ScriptTests
{
    [Test]
    public async Task A_rule_is_spent_after_its_times()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        var rule = sink.Script.Add(new ScriptRule(SmtpStage.Rcpt, RuleAction.Reply(452, "4.5.3 Later")) { Times = 2, Recipient = "BOB@*" });

        (await Mailing.TryAsync(sink, "carol@example.com")).ShouldBeNull();
        (await Mailing.TryAsync(sink, "bob@example.com")).ShouldBe(452);
        (await Mailing.TryAsync(sink, "bob@example.com")).ShouldBe(452);
        (await Mailing.TryAsync(sink, "bob@example.com")).ShouldBeNull();
        rule.Hits.ShouldBe(2);
    }

    [Test]
    public async Task A_rule_acts_only_in_its_span_of_time()
    {
        var timeProvider = new FakeTimeProvider();
        await using var sink = SmtpSink.StartOnFreePort(timeProvider: timeProvider);
        sink.Script.Add(new ScriptRule(SmtpStage.Mail, RuleAction.Reply(451)) { From = TimeSpan.FromSeconds(10), For = TimeSpan.FromSeconds(5) });

        (await Mailing.TryAsync(sink, "bob@example.com")).ShouldBeNull();
        timeProvider.Advance(TimeSpan.FromSeconds(10));
        (await Mailing.TryAsync(sink, "bob@example.com")).ShouldBe(451);
        timeProvider.Advance(TimeSpan.FromSeconds(5));
        (await Mailing.TryAsync(sink, "bob@example.com")).ShouldBeNull();
    }

    [Test]
    public async Task A_rule_can_be_for_one_connection_and_for_one_sender()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        sink.Script.Add(new ScriptRule(SmtpStage.Connect, RuleAction.Reply(554)) { Connection = 2 });
        sink.Script.Add(new ScriptRule(SmtpStage.Mail, RuleAction.Reply(553)) { Sender = "eve@*" });

        using var first = await RawClient.GreetedAsync(sink);
        using var second = await RawClient.ConnectAsync(sink);

        (await second.ReplyAsync())!.ShouldStartWith("554");
        (await second.ReplyAsync()).ShouldBeNull();
        (await first.SayAsync("MAIL FROM:<eve@example.com>"))!.ShouldStartWith("553");
        (await first.SayAsync("MAIL FROM:<ann@example.com>"))!.ShouldStartWith("250");
    }

    [Test]
    public async Task An_answer_that_is_held_comes_when_it_is_let_go_and_the_mail_is_stored_before()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        var release = new TaskCompletionSource();
        sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.HoldReply(release.Task)));

        var mailing = Mailing.TryAsync(sink, "bob@example.com");
        await Eventually.Until(() => sink.Mails.Count == 1, null, "the mail is stored");
        mailing.IsCompleted.ShouldBeFalse();

        release.SetResult();
        (await mailing).ShouldBeNull();
    }

    [TestCase(SmtpStage.Ehlo, "EHLO x")]
    [TestCase(SmtpStage.Auth, "AUTH PLAIN AAAA")]
    [TestCase(SmtpStage.Mail, "MAIL FROM:<a@b>")]
    [TestCase(SmtpStage.Rcpt, "RCPT TO:<a@b>")]
    [TestCase(SmtpStage.Data, "DATA")]
    [TestCase(SmtpStage.EndOfData, ".")]
    [TestCase(SmtpStage.Noop, "NOOP")]
    [TestCase(SmtpStage.Rset, "RSET")]
    [TestCase(SmtpStage.Quit, "QUIT")]
    public async Task Every_command_can_be_refused(SmtpStage stage, string command)
    {
        await using var sink = SmtpSink.StartOnFreePort(options => (options.Username, options.Password) = ("ann", "s3cret"));
        var login = "AUTH PLAIN " + Convert.ToBase64String("\0ann\0s3cret"u8);
        sink.Script.Add(new ScriptRule(stage, RuleAction.Reply(455)));
        using var raw = await RawClient.ConnectAsync(sink);
        await raw.ReplyAsync();

        var before = new[] { "EHLO x", login, "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA" };
        var verb = command.Split(' ')[0];
        foreach (var line in before.TakeWhile(line => !line.StartsWith(verb, StringComparison.Ordinal) && (verb is not ("NOOP" or "RSET" or "QUIT"))))
            (await raw.SayAsync(line))![0].ShouldBeOneOf('2', '3');

        (await raw.SayAsync(verb == "AUTH" ? login : command)).ShouldBe("455 4.0.0 Refused, as asked");
        sink.Mails.Count.ShouldBe(0);
    }

    [Test]
    public async Task A_421_closes_the_connection()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        sink.Script.Add(new ScriptRule(SmtpStage.Mail, RuleAction.Reply(421)));
        using var raw = await RawClient.GreetedAsync(sink);

        (await raw.SayAsync("MAIL FROM:<a@example.com>"))!.ShouldStartWith("421");
        (await raw.ReplyAsync()).ShouldBeNull();
    }

    [Test]
    public async Task Before_a_drop_earlier_answers_are_given()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.DropAfter) { Recipient = "b@*" });
        using var raw = await RawClient.GreetedAsync(sink);

        await raw.SendAsync("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n\r\n.\r\n");

        foreach (var code in new[] { "250", "250", "354" })
            (await raw.ReplyAsync())!.ShouldStartWith(code);
        (await raw.ReplyAsync()).ShouldBeNull();
        sink.Mails.Count.ShouldBe(1);
    }

    [Test]
    public async Task A_delay_holds_the_answer_back_and_hang_gives_none()
    {
        var timeProvider = new FakeTimeProvider();
        await using var sink = SmtpSink.StartOnFreePort(timeProvider: timeProvider);
        sink.Script.Add(new ScriptRule(SmtpStage.Noop, RuleAction.Reply(450).After(TimeSpan.FromSeconds(3))) { Times = 1 });
        sink.Script.Add(new ScriptRule(SmtpStage.Noop, RuleAction.Hang));
        using var raw = await RawClient.GreetedAsync(sink);

        var late = raw.SayAsync("NOOP");
        await Eventually.Until(() => sink.Counters.RulesApplied == 1, within: null, "the rule to act");
        raw.HasNothingToRead.ShouldBeTrue();
        await Eventually.Until(
            () =>
            {
                timeProvider.Advance(TimeSpan.FromSeconds(3));
                return late.IsCompleted;
            },
            within: null,
            "the late reply");
        (await late)!.ShouldStartWith("450");

        var never = raw.SayAsync("NOOP");
        await Eventually.Until(() => sink.Counters.RulesApplied == 2, within: null, "the rule to act");
        never.IsCompleted.ShouldBeFalse();
        await sink.DisposeAsync();
        (await never).ShouldBeNull();
    }

    [Test]
    public void Rules_that_could_never_act_are_not_taken()
    {
        var script = new SmtpScript(TimeProvider.System);
        var kept = script.Add(new ScriptRule(SmtpStage.Mail, RuleAction.Hang));

        Should.Throw<ArgumentException>(() => script.Add(new ScriptRule(SmtpStage.Mail, RuleAction.Hang) { Times = 0 }));
        Should.Throw<ArgumentException>(() => script.Add(new ScriptRule(SmtpStage.Mail, RuleAction.Hang) { Recipient = "*" }));
        Should.Throw<ArgumentException>(() => script.Add(new ScriptRule(SmtpStage.Ehlo, RuleAction.Hang) { Sender = "*" }));
        Should.Throw<ArgumentException>(() => script.Replace([new ScriptRule(SmtpStage.Mail, RuleAction.Hang) { For = TimeSpan.Zero }]));
        Should.Throw<ArgumentException>(() => RuleAction.Reply(250));
        Should.Throw<ArgumentException>(() => RuleAction.Reply(550, "two\r\nlines"));
        script.Rules.ShouldBe([kept]);
    }
}
