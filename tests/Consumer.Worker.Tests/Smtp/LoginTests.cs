using System.Text;
using Consumer.Worker.Smtp;
using MailSink;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp;

/// <summary>How the worker logs in, when it does not, and what it says then.</summary>
internal sealed class LoginTests
{
    [Test]
    public async Task With_a_login_TLS_is_required_by_default()
    {
        await using var server = new ScriptedServer("AUTH PLAIN");
        var text = await RefusedAsync(server.Port, options => options.Security = null);
        text.ShouldContain("STARTTLS");
        text.ShouldNotContain("lost");
        server.Count("AUTH").ShouldBe(0);
    }

    [Test]
    public async Task Without_a_login_TLS_is_used_where_it_is_offered()
    {
        await using var server = new ScriptedServer();
        await ProbeAsync(server.Port, options => (options.Username, options.Password, options.Security) = (null, null, null));
        server.Count("EHLO").ShouldBe(1);
    }

    [Test]
    public async Task A_server_that_took_the_login_over_TLS_gets_no_password_in_plain_text()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => (options.Tls, options.Username, options.Password) = (SinkTls.StartTls, "user", "secret"));
        var availability = new SmtpAvailability(TimeProvider.System);
        await ProbeAsync(sink.Port, options => options.Security = SmtpSecurity.StartTlsWhenAvailable, availability);

        await using var stripped = new ScriptedServer("AUTH PLAIN");
        var text = await RefusedAsync(stripped.Port, options => options.Security = SmtpSecurity.StartTlsWhenAvailable, availability);

        text.ShouldContain("offers no TLS now, over which it took the login before");
        stripped.Count("AUTH").ShouldBe(0);
    }

    [TestCase("AUTH PLAIN LOGIN CRAM-MD5")]
    [TestCase("AUTH LOGIN PLAIN")]
    [TestCase("AUTH PLAIN")]
    public async Task A_wrong_password_is_tried_once_a_probe(string offered)
    {
        await using var server = new ScriptedServer(offered)
        {
            Reply = (_, command) => command.StartsWith("AUTH CRAM", StringComparison.Ordinal) ? "334 PDFAeD4="
                : command.StartsWith("AUTH", StringComparison.Ordinal) || !command.Contains(' ', StringComparison.Ordinal) && command.Length > 20 ? "535 5.7.8 Wrong" : null,
        };

        var text = await RefusedAsync(server.Port);

        server.Count("AUTH").ShouldBe(1);
        text.ShouldContain("The mail server replied to AUTH: 535 5.7.8 Wrong");
    }

    [Test]
    public async Task A_mechanism_that_the_server_does_not_know_after_all_leaves_the_next_one()
    {
        await using var server = new ScriptedServer("AUTH CRAM-MD5 PLAIN")
        {
            Reply = (_, command) => command.StartsWith("AUTH CRAM", StringComparison.Ordinal) ? "504 5.5.4 Not known" : null,
        };
        await ProbeAsync(server.Port);
        server.Count("AUTH").ShouldBe(2);
    }

    [TestCase("", "it offers no login without TLS")]
    [TestCase("AUTH GSSAPI", "only logins that this worker cannot use (GSSAPI)")]
    public async Task A_server_that_offers_no_usable_login_says_so_in_our_words(string offered, string expected)
    {
        await using var server = offered.Length == 0 ? new ScriptedServer() : new ScriptedServer(offered);
        var text = await RefusedAsync(server.Port);
        text.ShouldContain(expected);
        text.ShouldNotContain("lost");
    }

    [Test]
    public async Task A_certificate_that_is_not_trusted_is_one_line()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.Tls = SinkTls.StartTls);
        var text = await RefusedAsync(sink.Port, options => (options.Security, options.CheckCertificate) = (SmtpSecurity.StartTls, true));
        text.ShouldContain("TLS failed:");
        text.ShouldNotContain("lost");
        text.ShouldNotContain("\n");
        Encoding.UTF8.GetByteCount(text).ShouldBeLessThan(600);
    }

    private static async Task<string> RefusedAsync(int port, Action<SmtpOptions>? configure = null, SmtpAvailability? availability = null) =>
        (await Should.ThrowAsync<SmtpUnavailableException>(() => ProbeAsync(port, configure, availability))).Message;

    private static async Task ProbeAsync(int port, Action<SmtpOptions>? configure = null, SmtpAvailability? availability = null)
    {
        var options = new SmtpOptions { Host = "127.0.0.1", Port = port, Username = "user", Password = "secret", Security = SmtpSecurity.None, CheckCertificate = false };
        configure?.Invoke(options);
        await using var pool = new SmtpConnectionPool(Microsoft.Extensions.Options.Options.Create(options), availability ?? new SmtpAvailability(TimeProvider.System), TimeProvider.System);
        await new SmtpProbe(pool).ProbeAsync(CancellationToken.None);
    }
}
