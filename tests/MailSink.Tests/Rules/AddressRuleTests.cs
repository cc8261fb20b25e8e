using MailKit.Net.Smtp;
using MailSink.Rules;

namespace MailSink.Tests.Rules;

internal sealed class AddressRuleTests
{
    [TestCase("fail-451@x.example", SmtpStage.Rcpt, 451, null)]
    [TestCase("FAIL-550-Once@x.example", SmtpStage.Rcpt, 550, 1)]
    [TestCase("fail-451-twice@x.example", SmtpStage.Rcpt, 451, 2)]
    [TestCase("fail-421-12-times+tag@x.example", SmtpStage.Rcpt, 421, 12)]
    [TestCase("fail-data-554@x.example", SmtpStage.EndOfData, 554, null)]
    [TestCase("fail-data-452-twice@x.example", SmtpStage.EndOfData, 452, 2)]
    public void An_address_can_ask_for_a_reply(string address, SmtpStage at, int code, int? times)
    {
        var rule = AddressRule.Parse(address).ShouldNotBeNull();
        (rule.At, rule.Then.Code, rule.Times).ShouldBe((at, code, times));
    }

    [TestCase("slow-250@x.example", SmtpStage.Rcpt, 250)]
    [TestCase("slow-data-30-once@x.example", SmtpStage.EndOfData, 30)]
    public void An_address_can_ask_for_a_delay(string address, SmtpStage at, int milliseconds)
    {
        var rule = AddressRule.Parse(address).ShouldNotBeNull();
        (rule.At, rule.Then.Delay.TotalMilliseconds).ShouldBe((at, milliseconds));
    }

    [TestCase("ann@x.example")]
    [TestCase("fail-250@x.example")]
    [TestCase("fail-600@x.example")]
    [TestCase("fail-451-thrice@x.example")]
    [TestCase("fail-451-0-times@x.example")]
    [TestCase("unfail-451@x.example")]
    [TestCase("slow-0@x.example")]
    [TestCase("drop-sometimes@x.example")]
    public void Other_addresses_ask_for_nothing(string address) => AddressRule.Parse(address).ShouldBeNull();

    [Test]
    public async Task An_address_that_fails_always_does()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        for (var i = 0; i < 3; i++)
            (await Mailing.TryAsync(sink, "fail-451@example.com")).ShouldBe(451);
        sink.Mails.Count.ShouldBe(0);
    }

    [Test]
    public async Task An_address_that_fails_twice_is_then_taken_and_fails_anew()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        var codes = new List<int?>();
        for (var i = 0; i < 6; i++)
            codes.Add(await Mailing.TryAsync(sink, "fail-451-twice@example.com"));
        codes.ShouldBe([451, 451, null, 451, 451, null]);
    }

    [Test]
    public async Task Addresses_count_apart()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        (await Mailing.TryAsync(sink, "fail-451-once+1@example.com")).ShouldBe(451);
        (await Mailing.TryAsync(sink, "fail-451-once+2@example.com")).ShouldBe(451);
        (await Mailing.TryAsync(sink, "fail-451-once+1@example.com")).ShouldBeNull();
        (await Mailing.TryAsync(sink, "fail-451-once+2@example.com")).ShouldBeNull();
    }

    [Test]
    public async Task A_mail_can_be_refused_after_DATA()
    {
        await using var sink = SmtpSink.StartOnFreePort();
        (await Mailing.TryAsync(sink, "fail-data-554-once@example.com")).ShouldBe(554);
        sink.Mails.Count.ShouldBe(0);
        sink.Counters.RepliesWith(354).ShouldBe(1);
        (await Mailing.TryAsync(sink, "fail-data-554-once@example.com")).ShouldBeNull();
    }

    [Test]
    public async Task Drop_before_loses_the_mail_and_drop_after_loses_the_answer()
    {
        await using var sink = SmtpSink.StartOnFreePort();

        await Should.ThrowAsync<Exception>(() => Mailing.SendAsync(sink, Mailing.Mail("drop-before@example.com")));
        sink.Mails.Count.ShouldBe(0);

        var mail = Mailing.Mail("drop-after-once@example.com");
        (await Should.ThrowAsync<Exception>(() => Mailing.SendAsync(sink, mail))).ShouldNotBeOfType<SmtpCommandException>();
        sink.Mails.Count.ShouldBe(1);
        sink.Counters.RepliesLost.ShouldBe(1);

        await Mailing.SendAsync(sink, mail);
        sink.Counters.MessageIds.Duplicates.ShouldHaveSingleItem().Count.ShouldBe(2);
        sink.Counters.MessageIds.Of(mail.MessageId!, "drop-after-once@example.com").ShouldBe(2);
    }
}
