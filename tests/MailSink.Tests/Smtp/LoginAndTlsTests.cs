using System.Text;
using MailKit.Security;

namespace MailSink.Tests.Smtp;

internal sealed class LoginAndTlsTests
{
    [TestCase("PLAIN")]
    [TestCase("LOGIN")]
    public async Task A_login_opens_the_door_and_is_kept_with_the_mail(string mechanism)
    {
        await using var sink = WithLogin();
        using var client = await Mailing.ClientAsync(sink);

        await client.AuthenticateAsync(mechanism == "PLAIN" ? new SaslMechanismPlain("ann", "s3cret") : new SaslMechanismLogin("ann", "s3cret"));
        await client.SendAsync(Mailing.Mail());

        sink.Mails.All().ShouldHaveSingleItem().Username.ShouldBe("ann");
    }

    [TestCase("PLAIN")]
    [TestCase("LOGIN")]
    public async Task A_wrong_password_is_refused(string mechanism)
    {
        await using var sink = WithLogin();
        using var client = await Mailing.ClientAsync(sink);

        await Should.ThrowAsync<AuthenticationException>(() =>
            client.AuthenticateAsync(mechanism == "PLAIN" ? new SaslMechanismPlain("ann", "wrong") : new SaslMechanismLogin("ann", "wrong")));

        sink.Counters.RepliesWith(535).ShouldBe(1);
    }

    [Test]
    public async Task Where_a_login_is_set_up_mail_needs_it()
    {
        await using var sink = WithLogin();
        using var raw = await RawClient.GreetedAsync(sink);

        (await raw.SayAsync("MAIL FROM:<a@example.com>"))!.ShouldStartWith("530");
        (await raw.SayAsync("AUTH NTLM"))!.ShouldStartWith("504");
        (await raw.SayAsync("AUTH PLAIN ?"))!.ShouldStartWith("501");
        (await raw.SayAsync("AUTH PLAIN"))!.ShouldStartWith("334");
        (await raw.SayAsync("*"))!.ShouldStartWith("501");
        (await raw.SayAsync("AUTH PLAIN " + Convert.ToBase64String(Encoding.UTF8.GetBytes("\0ann\0s3cret"))))!.ShouldStartWith("235");
        (await raw.SayAsync("AUTH PLAIN AAAA"))!.ShouldStartWith("503");
        (await raw.SayAsync("MAIL FROM:<a@example.com>"))!.ShouldStartWith("250");
    }

    [TestCase(SinkTls.StartTls, SecureSocketOptions.StartTls)]
    [TestCase(SinkTls.StartTlsRequired, SecureSocketOptions.StartTls)]
    [TestCase(SinkTls.Implicit, SecureSocketOptions.SslOnConnect)]
    public async Task Mail_comes_over_TLS(SinkTls offered, SecureSocketOptions taken)
    {
        await using var sink = WithLogin(offered);
        using var client = await Mailing.ClientAsync(sink, taken);

        await client.AuthenticateAsync(new SaslMechanismPlain("ann", "s3cret"));
        await client.SendAsync(Mailing.Mail());

        sink.Mails.All().ShouldHaveSingleItem().IsTls.ShouldBeTrue();
        sink.Counters.TlsHandshakes.ShouldBe(1);
    }

    [Test]
    public async Task Where_TLS_is_required_plain_mail_and_logins_are_not_taken()
    {
        await using var sink = WithLogin(SinkTls.StartTlsRequired);
        using var raw = await RawClient.GreetedAsync(sink);

        (await raw.SayAsync("AUTH PLAIN AAAA"))!.ShouldStartWith("502");
        (await raw.SayAsync("MAIL FROM:<a@example.com>"))!.ShouldStartWith("530");
    }

    [Test]
    public async Task What_is_sent_ahead_of_the_handshake_is_never_obeyed()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.Tls = SinkTls.StartTls);
        using var raw = await RawClient.GreetedAsync(sink);

        await raw.SendAsync("STARTTLS\r\nMAIL FROM:<smuggled@example.com>\r\n");
        (await raw.ReplyAsync())!.ShouldStartWith("220");
        await raw.SendAsync("no handshake\r\n");

        // What comes is a TLS alert, or nothing: no SMTP reply.
        (await raw.ReplyAsync() ?? "").ShouldNotStartWith("250");
        await Eventually.Until(() => sink.Counters.OpenConnections == 0, within: null, "the session's end");
        sink.Counters.TlsHandshakes.ShouldBe(0);
        sink.Counters.RepliesWith(250).ShouldBe(1);
    }

    private static SmtpSink WithLogin(SinkTls tls = SinkTls.None) => SmtpSink.StartOnFreePort(options =>
    {
        options.Username = "ann";
        options.Password = "s3cret";
        options.Tls = tls;
    });
}
