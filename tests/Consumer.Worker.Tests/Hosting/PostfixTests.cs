using System.Collections.Concurrent;
using System.Globalization;
using Consumer.Worker.Tests.Smtp;
using Contracts;
using MailSink;
using NUnit.Framework;
using Persistence.Mails;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>The worker before a mail server that this project did not write, with limits lower than the worker's own.</summary>
internal sealed class PostfixTests
{
    private const int Connections = 5;
    private const int MailsPerSecond = 40;
    private const int Recipients = 10;

    /// <summary>1,000 mails, or as many as <c>MESSAGING_TEST_POSTFIX_MAILS</c> says.</summary>
    private static readonly int Mails =
        int.TryParse(Environment.GetEnvironmentVariable("MESSAGING_TEST_POSTFIX_MAILS"), NumberStyles.None, CultureInfo.InvariantCulture, out var mails) ? mails : 1_000;

    [Test]
    public async Task All_mails_pass_a_Postfix_with_limits_none_is_dead_and_none_arrives_twice()
    {
        await using var target = SmtpSink.StartOnFreePort(sink => sink.MaxMessages = 1_000_000);
        await using var postfix = await PostfixServer.StartAsync(
            target.Port,
            $"smtpd_client_connection_count_limit = {Connections}",
            $"smtpd_client_message_rate_limit = {MailsPerSecond}",
            "anvil_rate_time_unit = 1s",
            $"smtpd_recipient_limit = {Recipients}");
        await using var worker = await RunningWorker.StartAsync($"--Smtp:Port={postfix.Port}", "--Smtp:Security=None");
        // One of twenty has more recipients than Postfix takes at once.
        var mails = Enumerable.Range(0, Mails).Select(number => new SendEmail
        {
            From = "ann@example.com",
            To = [.. Enumerable.Range(0, number % 20 == 0 ? 25 : 1).Select(recipient => $"r{recipient}@m{number}.example.com")],
            Subject = $"{number}",
            Text = "text",
        }).ToList();
        var ids = new ConcurrentBag<Guid>();
        await Parallel.ForEachAsync(mails, new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (mail, _) => ids.Add(await worker.PostAsync(mail)));

        var within = TimeSpan.FromSeconds(120 + (Mails / 10));
        await Eventually.Until(() => worker.Kafka.Records.Lag(worker.Topics.Group, worker.Topics.Mails) == 0, within, "all mails are read and done with", StateAsync);
        foreach (var id in ids)
            (await worker.WhenAsync(id, MailState.Sent)).UnknownOutcomes.ShouldBe(0);
        worker.Kafka.Records.ReadAll(worker.Topics.DeadLetters).ShouldBeEmpty();

        // Each recipient once: as many deliveries as recipients, and all of them.
        var expected = mails.SelectMany(mail => mail.To).ToList();
        await Eventually.Until(() => Arrived(target).Count >= expected.Count, within, "Postfix has relayed all", StateAsync);
        Arrived(target).Order(StringComparer.Ordinal).ShouldBe(expected.Order(StringComparer.Ordinal));

        // All three limits were met.
        target.Mails.All().Max(mail => mail.Recipients.Count).ShouldBe(Recipients);
        var log = await postfix.LogAsync();
        log.ShouldContain("Connection concurrency limit exceeded");
        log.ShouldContain("Message delivery request rate limit exceeded");

        async Task<string> StateAsync() =>
            $"{worker.Pace.Report}; connections {worker.Pace.Connections.Taken} of {worker.Pace.Connections.Limit}; claims {worker.Pace.Claims.Taken} of {worker.Pace.Claims.Limit}, " +
            $"{worker.Pace.Claims.Waiting} wait; {Arrived(target).Count} arrived; {await worker.ReadinessAsync()}; Postfix' last lines:\n{string.Join('\n', (await postfix.LogAsync()).Split('\n').TakeLast(20))}";
    }

    private static List<string> Arrived(SmtpSink sink) => [.. sink.Mails.All().SelectMany(mail => mail.Recipients)];
}
