using Contracts;
using Npgsql;
using Persistence.Ledger;
using Persistence.Mails;
using Persistence.Workers;
using Producer.Api.Tests;
using ServiceDefaults.Kafka;

namespace Console.Tests;

/// <summary>What somebody finds who is called at night: a shop's mails, and 300 failures of four causes among them.</summary>
internal static class Morning
{
    /// <summary>What went wrong, how often, and the subject of the mails that it met.</summary>
    public static readonly (string Exception, string Message, int Count, string Subject)[] Causes =
    [
        ("Consumer.Worker.Smtp.PermanentMailException", "The mail server refused 1 recipient permanently: {0}: 550 5.1.1 No such user here", 131, "Your order {1}"),
        ("Consumer.Worker.Smtp.TransientMailException", "1 recipient not sent to yet: {0}: 452 4.2.2 Mailbox full", 94, "Invoice {1}"),
        ("Consumer.Worker.Smtp.PermanentMailException", "The mail server refused 1 recipient permanently: {0}: 554 5.7.1 Message refused: the sending address is on a block list", 57, "Your voucher {1}"),
        ("System.Text.Json.JsonException", "'<' is an invalid start of a value.", 18, ""),
    ];

    private static readonly string[] Domains = ["example.com", "example.net", "mail.example.org", "post.example", "uni.example"];
    private static readonly string[] People = ["ann", "ben", "carla", "david", "eva", "felix", "greta", "hugo"];

    public static async Task SetAsync(ConsoleHost host)
    {
        var number = 0;
        foreach (var (exception, message, count, subject) in Causes)
        {
            for (var one = 0; one < count; one++)
            {
                var to = $"{People[number % People.Length]}.{4_000 + number}@{Domains[number * number % 7 % Domains.Length]}";
                await FailAsync(host.Store, exception, string.Format(null, message, to), subject.Length == 0 ? null : Mail(to, string.Format(null, subject, to, 81_000 + number)));
                number++;
            }
        }

        for (var sent = 0; sent < 240; sent++)
            await host.Store.SendAsync(Guid.CreateVersion7(), record => record with { Subject = $"Your order {80_000 + number}", Sender = "shop@example.com" });
        // A day and an hour as they are: mails all the time, a wave of failures in the night, and few since.
        await using (var command = host.Get<NpgsqlDataSource>().CreateCommand("""
            UPDATE email.failures AS f SET failed_at = now() - interval '1 minute' * (3 + 320 * power(n.share, 0.6) + 30 * random()), sender = 'shop@example.com'
            FROM (SELECT id, row_number() OVER (PARTITION BY fingerprint ORDER BY dlt_offset)::float / count(*) OVER (PARTITION BY fingerprint) AS share FROM email.failures) AS n WHERE n.id = f.id;
            UPDATE email.mails SET created_at = now() - interval '1 second' * (20 + 3500 * random()) WHERE state = 'sent';
            UPDATE email.mails SET sent_at = created_at + interval '2 seconds' WHERE state = 'sent';
            UPDATE email.mails SET created_at = now() - interval '6 hours' WHERE state = 'dead';
            UPDATE email.workers SET stopped_at = now(), lease_until = now(), started_at = now() - interval '3 days', heartbeat_at = now() - interval '3 days';
            """))
        {
            await command.ExecuteNonQueryAsync();
        }

        var workers = host.Get<WorkerStore>();
        foreach (var name in new[] { "worker-7d9f:1", "worker-c41a:1" })
        {
            var worker = await workers.RegisterAsync(name, Leases.Lasting, default);
            await workers.HeartbeatAsync(worker, Leases.Lasting, pause: null, new WorkerPace(3.4, 25, 0, 4), default);
        }

        await host.Get<LedgerRunStore>().AddAsync(new LedgerRunSummary(DateTimeOffset.UtcNow.AddSeconds(-4), DateTimeOffset.UtcNow, 540, 0, 0), "{}");
        var names = host.Get<MailTopics>();
        foreach (var topic in new[] { names.Mails, names.BulkMails, $"{names.DelayPrefix}1s", names.DeadLetters })
            await (await KafkaFixture.StartAsync()).CreateTopicAsync(topic);
    }

    /// <summary>Sends what is in the queue, as a worker does.</summary>
    public static async Task WorkAsync(ConsoleHost host, HashSet<Guid> done)
    {
        var worker = await host.Get<WorkerStore>().RegisterAsync("worker-7d9f:1", Leases.Lasting, default);
        foreach (var queued in host.Queue.Records.ToList())
        {
            var mail = Guid.Parse(queued.Header(HeaderNames.MessageId).Single());
            if (!done.Add(mail))
                continue;
            var record = Store.RecordOf(mail, queued.Value) with { Identity = new RecordIdentity(mail, int.Parse(queued.Header(HeaderNames.Epoch).Single(), null), 1) };
            var claim = (await host.Store.Mails.ClaimAsync(record, worker, holds: long.MaxValue)).ShouldBeOfType<ClaimResult.Claimed>();
            await host.Store.Mails.RecordSentAsync(record, claim.FencingToken, [.. record.Recipients.Select(recipient => new RecipientReply(recipient.Address, RecipientOutcome.Accepted, 250, "2.0.0", "OK"))]);
        }
    }

    private static byte[] Mail(string to, string subject) => SendEmailJson.Serialize(new SendEmail { From = "Shop <shop@example.com>", To = [to], Subject = subject, Text = "Dear customer,\n\nthank you.\n\nThe shop" });

    private static async Task FailAsync(Store store, string exception, string message, byte[]? mail)
    {
        if (mail is null)
        {
            await store.ProjectAsync(mailId: null, "<mail/>"u8.ToArray(), exceptionType: exception, message: message);
            return;
        }

        var (mailId, to) = (Guid.CreateVersion7(), SendEmailJson.Deserialize(mail).To[0]);
        var (record, claim) = await store.ClaimAsync(mailId, mail, [new Recipient(to, RecipientKind.To)]);
        await store.Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.DeadLetter(message), [new RecipientReply(to, RecipientOutcome.Rejected, 550, "5.1.1", "No such user here")]);
        await store.Mails.MarkPublishedAsync(record.Identity);
        await store.ProjectAsync(mailId, mail, exceptionType: exception, message: message);
    }
}
