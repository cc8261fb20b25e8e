using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Pace;
using Contracts;
using Contracts.Validation;
using MassTransit;
using Persistence.Mails;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Sending;

/// <summary>A mail as its record brought it: checked, with what the database stores of it.</summary>
internal sealed record IncomingMail(SendEmail Mail, MailRecord Record)
{
    private const int MostErrors = 10;

    // The clocks of whoever wrote the record and of who accepted the mail may differ; what is checked here was checked there.
    private static readonly TimeSpan ClockRoom = TimeSpan.FromDays(1);

    public RecordIdentity Identity => Record.Identity;

    /// <summary>Whose turn it waits for.</summary>
    public Party Party { get; init; }

    /// <summary>The record that brought it; null where nothing is to be produced of it again.</summary>
    public KafkaConsumeRecord? Source { get; init; }

    /// <summary>When the mail is, or was, to be sent, where it was scheduled.</summary>
    public DateTimeOffset? ScheduledAt { get; init; } = Mail.ScheduledAt;

    /// <summary>When a mail is to be sent by its record: what it was rescheduled for, else what it was posted with.</summary>
    public static DateTimeOffset? DueOf(ConsumeContext<SendEmail> context) =>
        context.ReceiveContext.GetPayload<KafkaConsumeRecord>().RecordHeaders.Last(HeaderNames.ScheduledAt).AsTime() ?? context.Message.ScheduledAt;

    /// <summary>Reads a mail from its record.</summary>
    /// <exception cref="PermanentMailException">The mail or its headers are invalid; the message names each error.</exception>
    public static IncomingMail Read(ConsumeContext<SendEmail> context, MailComposer composer)
    {
        var mail = context.Message;
        var record = context.ReceiveContext.GetPayload<KafkaConsumeRecord>();
        var errors = SendEmailValidator.Validate(mail, record.Timestamp + ClockRoom);
        if (errors.Count > 0)
            throw new PermanentMailException($"The mail is invalid: {string.Join("; ", errors.Take(MostErrors).Select(error => $"{error.Path} {error.Message}"))}");

        var sender = MailAddresses.Mailbox(mail.From);
        var id = context.MessageId ?? throw new PermanentMailException("The record has no message id.");
        var bare = MailAddresses.Bare(mail.From);
        List<Recipient> recipients =
        [
            .. mail.To.Select(text => new Recipient(MailAddresses.Bare(text), RecipientKind.To)),
            .. mail.Cc.Select(text => new Recipient(MailAddresses.Bare(text), RecipientKind.Cc)),
            .. mail.Bcc.Select(text => new Recipient(MailAddresses.Bare(text), RecipientKind.Bcc)),
        ];
        return new IncomingMail(mail, new MailRecord
        {
            Identity = new RecordIdentity(id, Epoch(record), context.GetRedeliveryCount() + 1),
            MessageIdHeader = composer.MessageId(id, sender),
            Topic = record.Topic,
            Partition = record.Partition,
            Offset = record.Offset,
            Timestamp = record.Timestamp,
            Key = record.Key is { } key ? Encoding.UTF8.GetString(key) : null,
            Subject = mail.Subject,
            Sender = bare,
            Posted = SaysMore(mail, bare, recipients) ? PostedAddresses.Of(mail).ToJson() : null,
            Tags = mail.Tags.Count == 0 ? null : JsonSerializer.Serialize(mail.Tags, SendEmailJson.Options),
            ApiKeyId = record.RecordHeaders.Last(HeaderNames.ApiKey).AsId(),
            ContentHash = SHA256.HashData(record.Value ?? []),
            Recipients = recipients,
        })
        {
            ScheduledAt = DueOf(context),
            Source = record,
        };
    }

    /// <summary>Whether the row's sender and recipients do not tell how the mail was posted: nothing is stored twice where they do.</summary>
    private static bool SaysMore(SendEmail mail, string sender, List<Recipient> recipients) =>
        mail.ReplyTo.Count > 0 || mail.From != sender || !mail.Recipients.SequenceEqual(recipients.Select(recipient => recipient.Address))
        || (recipients.Count > 1 && recipients.DistinctBy(recipient => recipient.Address).Count() != recipients.Count);

    private static int Epoch(KafkaConsumeRecord record) => record.RecordHeaders.Last(HeaderNames.Epoch) is not { } value
        ? 0
        : value.AsNumber() ?? throw new PermanentMailException($"The header {HeaderNames.Epoch} is not a number.");
}
