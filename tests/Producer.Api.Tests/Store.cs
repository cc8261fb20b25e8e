using System.Security.Cryptography;
using System.Text;
using Contracts;
using Microsoft.Extensions.DependencyInjection;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Workers;

namespace Producer.Api.Tests;

/// <summary>Writes into Postgres what workers would.</summary>
internal sealed class Store(IServiceProvider services)
{
    private static long _offset;

    public MailStore Mails { get; } = services.GetRequiredService<MailStore>();

    public FailureStore Failures { get; } = services.GetRequiredService<FailureStore>();

    /// <summary>A mail that a worker has claimed.</summary>
    public async Task<(MailRecord Record, ClaimResult.Claimed Claim)> ClaimAsync(Guid mailId, byte[]? value = null, IReadOnlyList<Recipient>? recipients = null)
    {
        var record = RecordOf(mailId, value ?? DefaultValue);
        return await ClaimAsync(record with { Recipients = recipients ?? record.Recipients });
    }

    /// <summary>The mail of a record, claimed.</summary>
    public async Task<(MailRecord Record, ClaimResult.Claimed Claim)> ClaimAsync(MailRecord record) =>
        (record, (await Mails.ClaimAsync(record, await RegisterAsync(), holds: long.MaxValue)).ShouldBeOfType<ClaimResult.Claimed>());

    /// <summary>A record that meets a mail which was canceled before.</summary>
    public async Task MeetAsync(MailRecord record) =>
        (await Mails.ClaimAsync(record, await RegisterAsync(), holds: long.MaxValue)).ShouldBeOfType<ClaimResult.Stale>().State.ShouldBe(MailState.Canceled);

    public static MailRecord RecordOf(Guid mailId, byte[]? value = null) =>
        new()
        {
            Identity = new RecordIdentity(mailId, 0, 1),
            MessageIdHeader = $"<{mailId}@test>",
            Topic = Topics.EmailSend,
            Partition = 0,
            Offset = Interlocked.Increment(ref _offset),
            Timestamp = DateTimeOffset.UtcNow,
            Key = mailId.ToString(),
            Subject = "s",
            Sender = "a@example.com",
            ContentHash = SHA256.HashData(value ?? DefaultValue),
            Recipients = [new Recipient("b@example.com", RecipientKind.To)],
        };

    /// <summary>A mail whose record a worker has read, with what it stores of it, sent.</summary>
    public async Task<MailRecord> SendAsync(Guid mailId, Func<MailRecord, MailRecord>? change = null, bool isSent = true)
    {
        var worker = await RegisterAsync();
        var record = RecordOf(mailId, DefaultValue);
        record = change?.Invoke(record) ?? record;
        var claim = (await Mails.ClaimAsync(record, worker, holds: long.MaxValue)).ShouldBeOfType<ClaimResult.Claimed>();
        if (isSent)
            await Mails.RecordSentAsync(record, claim.FencingToken, [.. record.Recipients.Select(recipient => new RecipientReply(recipient.Address, RecipientOutcome.Accepted, 250, "2.0.0", "OK"))]);
        return record;
    }

    /// <summary>A mail that waits in its row until it is due.</summary>
    public async Task ScheduleAsync(Guid mailId, DateTimeOffset due, string? sender = null)
    {
        var record = RecordOf(mailId, DefaultValue);
        record = record with { Identity = record.Identity with { Attempt = 0 }, Sender = sender ?? record.Sender };
        (await services.GetRequiredService<ScheduleStore>().StoreAsync(record, new ScheduledRecord(due, Waiting(mailId))))
            .ShouldBe(ClaimDecision.Claim);
    }

    /// <summary>A mail that a hold has in its row.</summary>
    public async Task HoldAsync(Guid mailId, Guid holdId)
    {
        var worker = await RegisterAsync();
        (await Mails.HoldAsync(RecordOf(mailId, DefaultValue), holdId, Waiting(mailId), worker)).ShouldBe(new ClaimResult.Held(holdId));
    }

    /// <summary>A mail that died, and its failure.</summary>
    public async Task<(Guid MailId, Guid FailureId)> FailAsync(byte[]? value = null, Guid? mail = null)
    {
        var mailId = mail ?? Guid.NewGuid();
        var (record, claim) = await ClaimAsync(mailId, value);
        await Mails.WriteOutboxEntryAsync(record, claim.FencingToken, new OutboxEntry.DeadLetter("550 no such user"), []);
        await Mails.MarkPublishedAsync(record.Identity);
        return (mailId, await ProjectAsync(mailId, value));
    }

    /// <summary>A dead letter as its consumer projects it.</summary>
    public async Task<Guid> ProjectAsync(Guid? mailId, byte[]? value = null, int epoch = 0, string exceptionType = "MailKit.Net.Smtp.SmtpCommandException", string message = "550 no such user")
    {
        var projected = await Failures.ProjectAsync(new DeadLetter
        {
            Topic = Topics.EmailSendDeadLetter,
            Partition = 1,
            Offset = Interlocked.Increment(ref _offset),
            Timestamp = DateTimeOffset.UtcNow,
            MailId = mailId,
            Epoch = epoch,
            Key = Encoding.UTF8.GetBytes("key"),
            Value = value ?? DefaultValue,
            Headers =
            [
                Header(HeaderNames.MessageId, (mailId ?? Guid.Empty).ToString()), Header("X-Own", "kept"), Header("X-Own", "twice"),
                Header(HeaderNames.RedeliveryCount, "4"), Header("MT-Delay-Due", "1"), Header(HeaderNames.FaultMessage, message),
                Header(HeaderNames.Reason, "fault"), Header(HeaderNames.OriginalTopic, Topics.EmailSend), Header(HeaderNames.Epoch, "0"),
            ],
            ExceptionType = exceptionType,
            Message = message,
            StackTrace = "at Send()",
            Attempts = 1,
            OriginalTopic = Topics.EmailSend,
            OriginalPartition = 0,
            OriginalOffset = 7,
            FailedAt = DateTimeOffset.UtcNow,
        });
        return projected.FailureId;
    }

    private Task<Guid> RegisterAsync() => services.GetRequiredService<WorkerStore>().RegisterAsync("test", Leases.Lasting, default);

    private static WaitingRecord Waiting(Guid mailId) => new(null, DefaultValue, [Header(HeaderNames.MessageId, mailId.ToString())]);

    private static byte[] DefaultValue => Encoding.UTF8.GetBytes("""{"from":"a@example.com"}""");

    private static RecordHeader Header(string name, string value) => new(name, value);
}
