using Consumer.Worker.Smtp;
using Contracts;
using MailSink;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

internal sealed class RecipientRulesTests
{
    [TestCase("ann@example.com", "ann@example.com", true)]
    [TestCase("ann@example.com", "Ann@Example.COM", true)]
    [TestCase("ann@example.com", "ben@example.com", false)]
    [TestCase("ann@example.com, example.org", "anybody@example.org", true)]
    [TestCase("example.org", "anybody@sub.example.org", false)]
    [TestCase("example.org", "anybody@notexample.org", false)]
    [TestCase("example.org", "\"example.org\"@example.net", false)]
    [TestCase("bücher.example", "a@xn--bcher-kva.example", true)]
    [TestCase("xn--bcher-kva.example", "a@bücher.example", true)]
    public void Only_the_addresses_and_domains_that_are_named_are_allowed(string onlyTo, string address, bool allowed)
    {
        var rules = new RecipientRules(new SmtpOptions { OnlyTo = onlyTo });
        rules.Allows(address).ShouldBe(allowed);
        rules.HoldsBack(address).ShouldBe(!allowed);
    }

    [TestCase(null)]
    [TestCase("")]
    public void Without_a_list_everybody_is_allowed_and_nothing_is_said(string? none)
    {
        var rules = new RecipientRules(new SmtpOptions { OnlyTo = none, RedirectTo = none });
        rules.HoldsBack("a@example.com").ShouldBeFalse();
        rules.Allows("a@example.com").ShouldBeTrue();
        rules.Note.ShouldBeNull();
    }

    [Test]
    public async Task A_mail_goes_to_the_one_address_with_its_recipients_in_a_header()
    {
        await using var sink = SmtpSink.StartOnFreePort();

        var results = await SendAsync(sink, new SmtpOptions { RedirectTo = "staging@example.net" }, "bob@example.com", "ben@example.com");

        var mail = sink.Mails.All().ShouldHaveSingleItem();
        mail.Recipients.ShouldBe(["staging@example.net"]);
        using var parsed = mail.Parse();
        parsed.Headers.Where(header => header.Field == RedirectingSender.Header).Select(header => header.Value).ShouldBe(["bob@example.com", "ben@example.com"]);
        results.Select(result => (result.Address, result.Outcome)).ShouldBe([("bob@example.com", RecipientOutcome.Accepted), ("ben@example.com", RecipientOutcome.Accepted)]);
        results.ShouldAllBe(result => result.Reply!.Text.Contains("to staging@example.net instead (Smtp:RedirectTo)", StringComparison.Ordinal));
    }

    [Test]
    public async Task Those_who_are_allowed_get_the_mail_itself_and_learn_of_no_other_recipient()
    {
        await using var sink = SmtpSink.StartOnFreePort();

        await SendAsync(sink, new SmtpOptions { OnlyTo = "example.org", RedirectTo = "staging@example.net" }, "blind@example.com", "tester@example.org");

        sink.Mails.All().Count.ShouldBe(2);
        using var own = sink.Mails.All().Single(mail => mail.Recipients.SequenceEqual(["tester@example.org"])).Parse();
        own.Headers.Contains(RedirectingSender.Header).ShouldBeFalse();
        using var redirected = sink.Mails.All().Single(mail => mail.Recipients.SequenceEqual(["staging@example.net"])).Parse();
        redirected.Headers[RedirectingSender.Header].ShouldBe("blind@example.com");
    }

    [Test]
    public void What_is_restricted_or_unsafe_is_said_at_the_start_and_only_that()
    {
        Warnings(new SmtpOptions { Username = "u", Security = SmtpSecurity.StartTls }).ShouldBeEmpty();
        Warnings(new SmtpOptions()).ShouldBeEmpty();
        Warnings(new SmtpOptions { OnlyTo = "example.org" }).ShouldHaveSingleItem().ShouldContain("Smtp:OnlyTo: mails go to example.org alone");
        Warnings(new SmtpOptions { RedirectTo = "a@example.org" }).ShouldHaveSingleItem().ShouldContain("every mail goes to a@example.org");
        Warnings(new SmtpOptions { Username = "u", Security = SmtpSecurity.StartTlsWhenAvailable }).ShouldHaveSingleItem().ShouldContain("Smtp:Security is StartTlsWhenAvailable with a login");
        Warnings(new SmtpOptions { Username = "u", Security = SmtpSecurity.None }).ShouldHaveSingleItem().ShouldContain("Smtp:Security is None with a login");
        Warnings(new SmtpOptions { CheckCertificate = false }).ShouldHaveSingleItem().ShouldContain("Smtp:CheckCertificate is false");
    }

    private static IEnumerable<string> Warnings(SmtpOptions options) => SmtpWarnings.Of(options, new RecipientRules(options));

    /// <summary>As the consumer does: until each recipient was asked for.</summary>
    private static async Task<List<RecipientResult>> SendAsync(SmtpSink sink, SmtpOptions options, params string[] recipients)
    {
        (options.Host, options.Port) = ("127.0.0.1", sink.Port);
        var rules = new RecipientRules(options);
        await using var pool = new SmtpConnectionPool(Microsoft.Extensions.Options.Options.Create(options), new SmtpAvailability(TimeProvider.System), TimeProvider.System);
        var sender = new RedirectingSender(new SmtpSender(pool, NullLogger<SmtpSender>.Instance), rules, rules.RedirectTo!);
        using var mail = MailComposer.Compose(
            new SendEmail { From = "ann@example.com", To = ["bob@example.com"], Subject = "subject", Text = "text" }, "id@example.com", DateTimeOffset.UnixEpoch);
        var results = new List<RecipientResult>();
        for (var open = recipients; open.Length > 0; open = [.. open.Except(results.Select(result => result.Address))])
            results.AddRange((await sender.SendAsync(mail, open, () => { }, CancellationToken.None)).Recipients);
        return results;
    }
}
