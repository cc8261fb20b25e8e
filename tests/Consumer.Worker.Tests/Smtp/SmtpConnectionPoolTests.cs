using Consumer.Worker.Smtp;
using Contracts;
using MailSink;
using MailSink.Rules;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Smtp;

internal sealed class SmtpConnectionPoolTests
{
    private SmtpSink _sink = null!;
    private SmtpAvailability _availability = null!;
    private SmtpConnectionPool? _pool;

    [SetUp]
    public void SetUp() => (_sink, _availability) = (SmtpSink.StartOnFreePort(), new SmtpAvailability(TimeProvider.System));

    [TearDown]
    public async Task TearDown()
    {
        if (_pool is not null)
            await _pool.DisposeAsync();
        _pool = null;
        await _sink.DisposeAsync();
    }

    [Test]
    public async Task A_connection_is_used_again()
    {
        await SendMany(5);
        _sink.Counters.Connections.ShouldBe(1);
    }

    [Test]
    public async Task A_refused_mail_does_not_cost_the_connection()
    {
        _sink.Script.Add(new ScriptRule(SmtpStage.Data, RuleAction.Reply(451)) { Times = 1 });
        await Send();
        Accepted(await Send());
        _sink.Counters.Connections.ShouldBe(1);
    }

    [Test]
    public async Task A_connection_is_renewed_after_so_many_mails()
    {
        Pool(options => options.MaxMailsPerConnection = 2);
        await SendMany(5);
        _sink.Counters.Connections.ShouldBe(3);
    }

    [Test]
    public async Task No_more_connections_are_open_than_allowed()
    {
        Pool(options => options.MaxConnections = 3);
        _sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.Wait(TimeSpan.FromMilliseconds(50))));

        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Send()));

        _sink.Counters.Connections.ShouldBe(3);
        _sink.Mails.Count.ShouldBe(30);
    }

    [Test]
    public async Task A_connection_that_lies_idle_is_closed()
    {
        Pool(options => options.IdleTimeout = TimeSpan.FromMilliseconds(200));
        await Send();
        await Eventually.Until(() => _sink.Counters.OpenConnections == 0, null, "the idle connection is closed");
    }

    [Test]
    public async Task A_connection_that_the_server_dropped_while_idle_is_replaced_unseen()
    {
        await Send();
        _sink.DropConnections();
        await Eventually.Until(() => _sink.Counters.OpenConnections == 0, null, "the server closed its end");

        Accepted(await Send());
        _sink.Counters.Connections.ShouldBe(2);
    }

    [Test]
    public async Task A_connection_that_replies_421_to_the_next_mail_is_replaced_unseen()
    {
        await Send();
        _sink.Script.Add(new ScriptRule(SmtpStage.Mail, RuleAction.Reply(421)) { Connection = 1 });

        Accepted(await Send());
        _sink.Counters.Connections.ShouldBe(2);
    }

    [Test]
    public async Task A_new_connection_that_replies_421_is_not_stale()
    {
        _sink.Script.Add(new ScriptRule(SmtpStage.Mail, RuleAction.Reply(421)));

        (await Send()).Failure!.Kind.ShouldBe(FailureKind.DependencyUnavailable);
        _sink.Counters.Connections.ShouldBe(1);
    }

    [Test]
    public async Task A_connection_whose_mail_broke_off_is_not_used_again()
    {
        Pool(options => options.MaxConnections = 1);
        _sink.Script.Add(new ScriptRule(SmtpStage.Data, RuleAction.DropBefore) { Times = 1 });
        await Send();
        Accepted(await Send());
        _sink.Counters.Connections.ShouldBe(2);
    }

    [Test]
    public async Task A_failed_connection_frees_its_place()
    {
        Pool(options => options.MaxConnections = 1);
        _sink.PauseListening();
        await Should.ThrowAsync<SmtpUnavailableException>(Send);
        _sink.ResumeListening();
        Accepted(await Send());
    }

    [Test]
    public async Task A_disposed_pool_has_closed_its_connections()
    {
        await Send();
        await _pool!.DisposeAsync();
        await Eventually.Until(() => _sink.Counters.OpenConnections == 0, null, "all connections are closed");
        await Should.ThrowAsync<ObjectDisposedException>(Send);
    }

    [Test]
    public async Task Mails_go_over_tls_and_a_login_where_that_is_asked_for()
    {
        await using var sink = SmtpSink.StartOnFreePort(options =>
        {
            options.Tls = SinkTls.StartTls;
            options.Username = "user";
            options.Password = "secret";
        });
        Pool(options =>
        {
            options.Port = sink.Port;
            options.Security = SmtpSecurity.StartTls;
            options.CheckCertificate = false;
            options.Username = "user";
            options.Password = "secret";
        });

        Accepted(await Send());
        Accepted(await Send());

        sink.Mails.All().ShouldAllBe(mail => mail.IsTls && mail.Username == "user");
        sink.Counters.Connections.ShouldBe(1);
    }

    [TestCase(SinkTls.Implicit, SmtpSecurity.Tls, true)]
    [TestCase(SinkTls.StartTls, SmtpSecurity.StartTlsWhenAvailable, true)]
    [TestCase(SinkTls.StartTlsRequired, SmtpSecurity.StartTls, true)]
    [TestCase(SinkTls.StartTls, SmtpSecurity.None, false)]
    [TestCase(SinkTls.None, SmtpSecurity.StartTlsWhenAvailable, false)]
    public async Task A_connection_is_protected_as_asked_and_used_again(SinkTls offered, object asked, bool isTls)
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.Tls = offered);
        Pool(options =>
        {
            options.Port = sink.Port;
            options.Security = (SmtpSecurity)asked;
            options.CheckCertificate = false;
        });

        await SendMany(3);

        sink.Mails.All().ShouldAllBe(mail => mail.IsTls == isTls);
        sink.Counters.Connections.ShouldBe(1);
    }

    [Test]
    public async Task A_wrong_password_a_foreign_certificate_and_missing_tls_are_dependency_unavailable()
    {
        await using var sink = SmtpSink.StartOnFreePort(options =>
        {
            options.Tls = SinkTls.StartTls;
            options.Username = "user";
            options.Password = "secret";
        });

        await Should.ThrowAsync<SmtpUnavailableException>(() => Send(Pool(options =>
        {
            options.Port = sink.Port;
            options.CheckCertificate = false;
            options.Username = "user";
            options.Password = "wrong";
        })));
        await Should.ThrowAsync<SmtpUnavailableException>(() => Send(Pool(options =>
        {
            options.Port = sink.Port;
            options.Security = SmtpSecurity.StartTls;
        })));
        await Should.ThrowAsync<SmtpUnavailableException>(() => Send(Pool(options => options.Security = SmtpSecurity.StartTls)));
    }

    [Test]
    public async Task The_probe_says_whether_the_server_lets_anybody_in()
    {
        var probe = new SmtpProbe(Pool());
        await probe.ProbeAsync(CancellationToken.None);
        _sink.PauseListening();
        await Should.ThrowAsync<SmtpUnavailableException>(() => probe.ProbeAsync(CancellationToken.None));
        _sink.Mails.Count.ShouldBe(0);
    }

    [Test]
    public async Task A_server_that_refuses_the_fourth_connection_gets_all_mails_over_three_and_is_not_away()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.MaxConnections = 3);
        sink.Script.Add(new ScriptRule(SmtpStage.EndOfData, RuleAction.Wait(TimeSpan.FromMilliseconds(10))));
        var pool = Pool(options => (options.Port, options.MaxMailsPerConnection) = (sink.Port, 5));

        var results = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => Send(pool)));
        results.ShouldAllBe(result => result.Recipients[0].Outcome == RecipientOutcome.Accepted);
        _availability.Current.ShouldBeNull();
        pool.Pace.Status.Text!.ShouldContain("of 20 connections");
    }

    [Test]
    public async Task A_server_that_refuses_a_burst_whole_gets_its_mails_over_fewer_connections_and_is_not_away()
    {
        _sink.Script.Add(new ScriptRule(SmtpStage.Connect, RuleAction.Reply(421, "4.7.0 Too many connections").After(TimeSpan.FromMilliseconds(500))) { Times = 20 });
        var pool = Pool();

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Send(pool)));
        results.ShouldAllBe(result => result.Recipients[0].Outcome == RecipientOutcome.Accepted);
        _availability.Current.ShouldBeNull();
    }

    [Test]
    public async Task The_probe_is_never_the_one_connection_too_many()
    {
        await using var sink = SmtpSink.StartOnFreePort(options => options.MaxConnections = 1);
        var pool = Pool(options => (options.Port, options.MaxConnections) = (sink.Port, 1));
        for (var i = 0; i < 3; i++)
        {
            Accepted(await Send(pool));
            await pool.ProbeAsync(CancellationToken.None);
        }

        sink.Counters.Connections.ShouldBe(4, "an idle connection made room for each probe, and its own is used for mails");
        pool.Pace.AreConnectionsLimited.ShouldBeFalse();
    }

    [Test]
    public async Task A_server_that_lets_nobody_in_is_away_and_teaches_no_number_of_connections()
    {
        _sink.Script.Add(new ScriptRule(SmtpStage.Connect, RuleAction.Reply(421)));
        var pool = Pool();
        var sends = Enumerable.Range(0, 30).Select(_ => Send(pool)).ToList();
        foreach (var send in sends)
            await Should.ThrowAsync<SmtpUnavailableException>(send);

        _sink.Script.Clear();
        Accepted(await Send(pool));
        pool.Pace.AreConnectionsLimited.ShouldBeFalse();
    }

    private static void Accepted(SendResult result) => result.Recipients.ShouldHaveSingleItem().Outcome.ShouldBe(RecipientOutcome.Accepted);

    private async Task SendMany(int count)
    {
        for (var i = 0; i < count; i++)
            Accepted(await Send());
    }

    private Task<SendResult> Send() => Send(_pool ?? Pool());

    private static Task<SendResult> Send(SmtpConnectionPool pool) => new SmtpSender(pool, NullLogger<SmtpSender>.Instance).SendAsync(
        MailComposer.Compose(
            new SendEmail { From = "ann@example.com", To = ["bob@example.com"], Subject = "subject", Text = "text" }, "id@example.com", DateTimeOffset.UnixEpoch),
        ["bob@example.com"],
        () => { },
        CancellationToken.None);

    private SmtpConnectionPool Pool(Action<SmtpOptions>? configure = null)
    {
        var options = new SmtpOptions { Host = "127.0.0.1", Port = _sink.Port };
        configure?.Invoke(options);
        return _pool = new SmtpConnectionPool(Microsoft.Extensions.Options.Options.Create(options), _availability, TimeProvider.System);
    }
}
