using System.Text;
using System.Text.Json;
using Contracts;
using Npgsql;
using Persistence.Failures;
using Persistence.Holds;
using Persistence.Ledger;
using Persistence.Mails;
using Persistence.Operations;
using Persistence.Workers;
using ServiceDefaults.Kafka;

namespace Console.Tests;

/// <summary>What a console has to show after a day's work, hostile texts among it.</summary>
internal sealed record Stage(Guid Sent, Guid Scheduled, Guid Dead, Guid Failure, Guid Poison, Guid Replayed, Guid Discarded, Guid Operation, Guid Hold, string Group)
{
    /// <summary>A subject that would be markup, a script, and a text that turns around.</summary>
    public const string Hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'>&amp; \u202Egnirts averylongwordwithoutanyplacetobreakitsothatitmustbebrokensomewhere" + "0123456789012345678901234567890123456789";

    private const string HostileHtml = "<p onclick='alert(1)'>Dear <b>Ann</b>,</p><script>parent.alert(3)</script><form action='https://evil.example'><button>Win</button></form><img src='https://tracker.example/pixel.gif'><img alt='sign' src='cid:sign'>";

    public static async Task<Stage> SetAsync(ConsoleHost host)
    {
        var store = host.Store;
        var (sent, scheduled, dead) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        for (var number = 1; number <= 12; number++)
        {
            await store.SendAsync(Guid.CreateVersion7(), record => record with
            {
                Subject = $"Your order {number}",
                Sender = "shop@example.com",
                Recipients = [new Recipient($"customer-{number}@example.com", RecipientKind.To), new Recipient("archive@example.com", RecipientKind.Bcc)],
            });
        }

        await store.SendAsync(sent, record => record with { Subject = Hostile, Sender = "shop@example.com", Recipients = [new Recipient($"{new string('a', 60)}@{new string('b', 60)}.example.com", RecipientKind.To)] });
        await store.ScheduleAsync(scheduled, DateTimeOffset.UtcNow.AddHours(6));
        var poison = await store.ProjectAsync(null, Encoding.UTF8.GetBytes("this is not a mail, not even JSON"));
        for (var number = 0; number < 6; number++)
            await store.FailAsync(Mail("Your invoice", $"customer-{number}@example.com"));
        var (_, replayed) = await store.FailAsync(Mail("Your ticket", "ben@example.com"));
        await store.Failures.RequestReplayAsync(replayed, "anonymous", "the mailbox exists now");
        await store.Failures.MarkReplayedAsync(replayed);
        var (_, discarded) = await store.FailAsync(Mail("Your voucher", "eve@example.com"));
        await store.Failures.DiscardAsync(discarded, Hostile, Hostile);
        var (_, failure) = await store.FailAsync(Mail(Hostile, "ann@example.com"), dead);
        // As workers write it: the rows say what the records do. Those that wrote it have stopped.
        await using (var command = host.Get<NpgsqlDataSource>().CreateCommand("""
            UPDATE email.mails AS m SET subject = convert_from(f.value, 'UTF8')::jsonb->>'subject', sender = 'shop@example.com' FROM email.failures AS f WHERE f.mail_id = m.id;
            UPDATE email.workers SET stopped_at = now(), lease_until = now();
            """))
        {
            await command.ExecuteNonQueryAsync();
        }

        await host.Get<WorkerStore>().RegisterAsync("worker-1:4711", Leases.Lasting, default);
        await host.Get<LedgerRunStore>().AddAsync(new LedgerRunSummary(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow, 21, 0, 0), "{}");
        await host.Get<LedgerRunStore>().AddAsync(new LedgerRunSummary(DateTimeOffset.UtcNow.AddSeconds(-4), DateTimeOffset.UtcNow, 23, 1, 0), $$"""
            {"notes":["2 records were deleted before they were read."],"records":{"read":23,"with_row":21,"with_failure":1,"missing":1},"unfinished":{"lease":2,"schedule":1,"nothing":0},
             "findings":[{"kind":"record","why":"{{JsonEncodedText.Encode(Hostile)}}","topic":"email.send","partition":3,"offset":17,"mail_id":"{{dead}}","repaired":false}]}
            """);
        var operation = await host.Get<OperationStore>().BeginAsync(new NewOperation(OperationAction.Discard, Hostile) { Ids = [Guid.NewGuid()], Reason = Hostile, RatePerSecond = 10, StopAfterFailures = null });
        var hold = await host.Get<HoldStore>().CreateAsync(new NewHold(HoldScope.SubjectPrefix, Hostile[..60], HoldMode.Wait, DateTimeOffset.UtcNow.AddHours(2), Hostile), Hostile);
        var over = await host.Get<HoldStore>().CreateAsync(new NewHold(HoldScope.Domain, "example.org", HoldMode.Cancel, Until: null, "a stolen key"), "ann");
        await host.Get<HoldStore>().ReleaseAsync(over.Id, "ben", Hostile);
        var group = (await store.Failures.FindAsync(failure))!.Fingerprint;
        await host.Get<FailureGroupStore>().WriteNoteAsync(FailureGroupBy.Cause, group, new GroupNote(Hostile, "ann", $"https://tickets.example/{Hostile}"), Hostile);
        var names = host.Get<MailTopics>();
        foreach (var topic in new[] { names.Mails, names.BulkMails, $"{names.DelayPrefix}1s", names.DeadLetters })
            await (await KafkaFixture.StartAsync()).CreateTopicAsync(topic);
        return new Stage(sent, scheduled, dead, failure, poison, replayed, discarded, operation.Id, hold.Id, group);
    }

    private static byte[] Mail(string subject, string to) => SendEmailJson.Serialize(new SendEmail
    {
        From = "Shop <shop@example.com>",
        To = [to],
        Subject = subject,
        Text = "Dear customer,\n\nyour invoice is attached.\n\nThe shop",
        Html = HostileHtml,
        Attachments = [new Attachment { Filename = "sign.png", ContentType = "image/png", ContentId = "sign", Content = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==") }],
    });
}
