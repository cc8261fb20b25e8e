using System.Net;
using Consumer.Worker.Tests.Smtp;
using Contracts;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>
/// The table of docs/sending.md: what a server says, what becomes of the mail, and how often the server is asked. Each mail has its end before a
/// second one is sent, so that what is counted afterwards is all that there will be.
/// </summary>
internal sealed class RefusalTests
{
    private const int Deliveries = 3;
    private static readonly string[] Login = ["--Smtp:Username=user", "--Smtp:Password=secret"];

    // Where a session's login may be over, the mail is tried once more over a new connection.
    private const int OldAndNewConnection = 2;

    [TestCase("MAIL", "530 5.7.0 Authentication required", 1)]
    [TestCase("MAIL", "535 5.7.8 Bad credentials", 1)]
    [TestCase("MAIL", "553 5.7.10 Encryption needed", 1)]
    [TestCase("RCPT", "530 5.7.0 Authentication required", 1)]
    [TestCase("RCPT", "534 5.7.9 Mechanism too weak", 1)]
    [TestCase("RCPT", "538 5.7.11 Encryption required", 1)]
    [TestCase("RCPT", "550 5.7.12 Password transition needed", 1)]
    [TestCase("RCPT", "550 5.7.13 Account disabled", 1)]
    [TestCase("RCPT", "550 5.1.1 No such user", 1)]
    [TestCase(".", "535 5.7.8 Bad credentials", 1)]
    [TestCase(".", "554 5.7.8 Bad credentials", 1)]
    [TestCase("RCPT", "454 4.7.8 Later", Deliveries)]
    [TestCase("RCPT", "451 4.3.0 Later", Deliveries)]
    [TestCase("RCPT", "550 5.5.3 Too many recipients", Deliveries)]
    [TestCase("RCPT", ScriptedServer.Silence, Deliveries)]
    public async Task What_a_server_refuses_one_mail_is_that_mails_own_and_is_asked_no_more_often_than_the_delays_say(string at, string reply, int attempts)
    {
        await using var server = new ScriptedServer("AUTH PLAIN");
        server.Reply = (session, command) => command.StartsWith(at, StringComparison.OrdinalIgnoreCase)
            && (command.Contains("bad@", StringComparison.Ordinal) || session.Recipients.Contains("bad@example.com")) ? reply : null;
        await using var worker = await StartAsync(server, reply == ScriptedServer.Silence ? ["--Smtp:CommandTimeout=00:00:05"] : []);

        // The first connection is used again, so that the bad mail meets one that was logged in before.
        await worker.WhenAsync(await worker.PostAsync("good@example.com"), MailState.Sent);
        var bad = await PostFromAsync(worker, at == "MAIL" ? "bad@example.net" : "ann@example.com", "bad@example.com");
        (await worker.WhenAsync(bad, MailState.Dead)).Attempt.ShouldBe(attempts);
        await worker.WhenAsync(await worker.PostAsync("good@example.com"), MailState.Sent);

        var asked = server.Count(at == "MAIL" ? "MAIL FROM:<bad@" : "RCPT TO:<bad@");
        asked.ShouldBeGreaterThanOrEqualTo(attempts);
        asked.ShouldBeLessThanOrEqualTo(attempts * OldAndNewConnection);
        server.Connections.ShouldBeLessThanOrEqualTo(1 + (attempts * OldAndNewConnection));
        server.Mails.Count.ShouldBe(2);
    }

    [Test]
    public async Task A_recipient_that_is_refused_as_if_the_login_were_missing_does_not_keep_the_mail_from_the_others()
    {
        await using var server = new ScriptedServer("AUTH PLAIN")
        {
            Reply = (_, command) => command.StartsWith("RCPT TO:<bad@", StringComparison.Ordinal) ? "530 5.7.0 Authentication required" : null,
        };
        await using var worker = await StartAsync(server);

        var id = await worker.PostAsync("ann@example.com", "bad@example.com", "zoe@example.com");

        (await worker.WhenAsync(id, MailState.Dead)).Attempt.ShouldBe(1);
        server.Mails.SelectMany(mail => mail.Recipients).Order(StringComparer.Ordinal).ShouldBe(["ann@example.com", "zoe@example.com"]);
        var view = await worker.Mails.FindAsync(id);
        view!.Mail.Recipients.Select(recipient => recipient.Outcome).ShouldBe([RecipientOutcome.Accepted, RecipientOutcome.Rejected, RecipientOutcome.Accepted]);
    }

    [Test]
    public async Task A_login_that_is_over_in_an_old_connection_costs_no_mail()
    {
        await using var server = new ScriptedServer("AUTH PLAIN");
        var mails = 0;
        server.Reply = (session, command) => session.Number == 1 && command.StartsWith("MAIL", StringComparison.Ordinal) && ++mails > 1 ? "530 5.7.0 The session is over" : null;
        await using var worker = await StartAsync(server);

        await worker.WhenAsync(await worker.PostAsync("good@example.com"), MailState.Sent);
        (await worker.WhenAsync(await worker.PostAsync("good@example.com"), MailState.Sent)).Attempt.ShouldBe(1);
    }

    [Test]
    public async Task A_login_that_the_worker_does_not_have_fails_no_mail_and_is_asked_for_ever_more_rarely()
    {
        var demands = true;
        await using var server = new ScriptedServer
        {
            Reply = (_, command) => demands && command.StartsWith("MAIL", StringComparison.Ordinal) ? "530 5.7.0 Authentication required" : null,
        };
        await using var worker = await StartAsync(server);

        var id = await worker.PostAsync("good@example.com");
        using var client = new HttpClient { BaseAddress = worker.Address };
        await Eventually.Until(
            async () => (await (await client.GetAsync(new Uri("/health/ready", UriKind.Relative))).Content.ReadAsStringAsync()).Contains("takes no mail without a login", StringComparison.Ordinal),
            null, "readiness says that the server asks for a login");
        server.Count("MAIL FROM:<ann@").ShouldBe(1);

        demands = false;
        (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1);
    }

    /// <param name="probe">What it says to the sender that the probe asks for: nothing, where it hangs up.</param>
    /// <param name="said">What readiness says of it.</param>
    [TestCase("421 4.3.2 Service not available", "421")]
    [TestCase(ScriptedServer.HangUp, "")]
    public async Task A_server_that_lets_everybody_in_and_says_421_to_every_sender_is_away_and_costs_no_mail_a_try(string probe, string said)
    {
        var busy = true;
        await using var server = new ScriptedServer
        {
            Reply = (_, command) => !busy || !command.StartsWith("MAIL", StringComparison.Ordinal) ? null
                : command.StartsWith("MAIL FROM:<>", StringComparison.Ordinal) ? probe : "421 4.3.2 Service not available",
        };
        await using var worker = await StartAsync(server);

        var id = await worker.PostAsync("good@example.com");
        await worker.ReadyAsync(HttpStatusCode.ServiceUnavailable, $"takes connections, and no mail: {said}");
        // Longer than all redeliveries take here, by the probes that were made meanwhile.
        await Eventually.Until(() => server.Count("MAIL FROM:<>") >= 3, TimeSpan.FromSeconds(60), "it is probed, by a sender");
        server.Count("MAIL FROM:<ann@").ShouldBeLessThanOrEqualTo(2);

        busy = false;
        (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1);
    }

    [TestCase("452 4.3.1 Insufficient system storage")]
    [TestCase("452 Insufficient system storage")]
    [TestCase("451 4.3.0 Temporary lookup failure")]
    [TestCase("451 4.3.5 Server configuration error")]
    [TestCase("450 4.3.2 System not accepting network messages")]
    public async Task A_server_that_is_in_trouble_itself_and_refuses_every_sender_is_away_and_costs_no_mail_a_try(string refusal)
    {
        var inTrouble = true;
        await using var server = new ScriptedServer
        {
            Reply = (_, command) => inTrouble && command.StartsWith("MAIL", StringComparison.Ordinal) ? refusal : null,
        };
        await using var worker = await StartAsync(server);

        var id = await worker.PostAsync("good@example.com");
        await worker.ReadyAsync(HttpStatusCode.ServiceUnavailable, "takes connections, and no mail: ", refusal[4..].Split(' ')[^1]);
        // Longer than all redeliveries take here, by the probes that were made meanwhile.
        await Eventually.Until(() => server.Count("MAIL FROM:<>") >= 3, TimeSpan.FromSeconds(60), "it is probed, by a sender");
        server.Count("MAIL FROM:<ann@").ShouldBe(1);

        inTrouble = false;
        (await worker.WhenAsync(id, MailState.Sent)).Attempt.ShouldBe(1);
    }

    [Test]
    public async Task A_sender_that_alone_is_refused_for_the_servers_trouble_is_no_outage()
    {
        await using var server = new ScriptedServer
        {
            Reply = (_, command) => command.StartsWith("MAIL FROM:<bad@", StringComparison.Ordinal) ? "451 4.3.0 Local error in processing" : null,
        };
        await using var worker = await StartAsync(server);

        var bad = await PostFromAsync(worker, "bad@example.net", "good@example.com");
        (await worker.WhenAsync(bad, MailState.Dead)).Attempt.ShouldBe(Deliveries);
        await worker.WhenAsync(await worker.PostAsync("good@example.com"), MailState.Sent);
        server.Count("MAIL FROM:<bad@").ShouldBe(Deliveries);
        await worker.ReadyAsync(HttpStatusCode.OK, "ready");
    }

    [TestCase("452 4.5.3 Too many recipients")]
    [TestCase("452 Too many recipients")]
    [TestCase("552 Too many recipients")]
    [TestCase("552 5.5.3 Too many recipients")]
    [TestCase("550 5.5.3 Too many recipients")]
    [TestCase("554 5.5.3 Too many recipients")]
    public async Task A_hundred_recipients_at_ten_a_transaction_are_one_delivery(string tooMany)
    {
        await using var server = new ScriptedServer
        {
            Reply = (session, command) => command.StartsWith("RCPT", StringComparison.Ordinal) && session.Recipients.Count >= 10 ? tooMany : null,
        };
        await using var worker = await StartAsync(server);
        string[] recipients = [.. Enumerable.Range(0, 100).Select(number => $"r{number}@example.com")];

        (await worker.WhenAsync(await worker.PostAsync(recipients), MailState.Sent)).Attempt.ShouldBe(1);

        server.Mails.Count.ShouldBe(10);
        server.Mails.SelectMany(mail => mail.Recipients).Order(StringComparer.Ordinal).ShouldBe(recipients.Order(StringComparer.Ordinal));
        // The limit is learned with the first ten: who was too many then is asked once more, and nobody a third time.
        server.Count("RCPT").ShouldBe(190);

        (await worker.WhenAsync(await worker.PostAsync(recipients), MailState.Sent)).Attempt.ShouldBe(1);
        server.Count("RCPT").ShouldBe(290, "the limit is remembered");
        server.Mails.Count.ShouldBe(20);
    }

    [TestCase("DATA")]
    [TestCase(".")]
    public async Task Too_many_recipients_that_are_told_after_all_of_them_are_halved(string at)
    {
        await using var server = new ScriptedServer
        {
            Reply = (session, command) => command == at && session.Recipients.Count > 3 ? "554 5.5.3 Too many recipients" : null,
        };
        await using var worker = await StartAsync(server);

        (await worker.WhenAsync(await worker.PostAsync([.. Enumerable.Range(0, 10).Select(number => $"r{number}@example.com")]), MailState.Sent)).Attempt.ShouldBe(1);

        server.Mails.SelectMany(mail => mail.Recipients).Distinct().Count().ShouldBe(10);
        server.Mails.Sum(mail => mail.Recipients.Length).ShouldBe(10);
    }

    [Test]
    public async Task Recipients_that_hang_leave_connections_to_the_others()
    {
        await using var server = new ScriptedServer
        {
            Reply = (_, command) => command.Contains("@hangs.example", StringComparison.Ordinal) ? ScriptedServer.Silence : null,
        };
        await using var worker = await StartAsync(server, "--Smtp:MaxConnections=4", "--Smtp:CommandTimeout=00:02:00");
        await worker.WhenAsync(await worker.PostAsync("first@example.com"), MailState.Sent);
        var hanging = new List<Guid>();
        for (var i = 0; i < 8; i++)
            hanging.Add(await worker.PostAsync($"r{i}@hangs.example"));
        await Eventually.Until(() => server.Count("RCPT TO:<r") == 3, null, "the domain has its share of the connections");

        foreach (var number in Enumerable.Range(0, 20))
            await worker.WhenAsync(await worker.PostAsync($"good{number}@example.com"), MailState.Sent);
        server.Count("RCPT TO:<r").ShouldBe(3, "none waited until one that hangs was given up");
    }

    /// <summary>A server that offers a login gets one.</summary>
    private static Task<RunningWorker> StartAsync(ScriptedServer server, params string[] options) => RunningWorker.StartAsync(
        [$"--Smtp:Port={server.Port}", "--Smtp:Security=None", .. server.OffersLogin ? Login : [], .. options]);

    private static Task<Guid> PostFromAsync(RunningWorker worker, string sender, string recipient) =>
        worker.PostAsync(new SendEmail { From = sender, To = [recipient], Subject = "subject", Text = "text" });
}
