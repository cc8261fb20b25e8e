namespace Persistence.Mails;

/// <summary>One mail: its state, and how it got there. Table <c>email.mails</c>, whose comments say more.</summary>
public sealed class Mail
{
    /// <summary>The mail's id.</summary>
    public Guid Id { get; init; }

    /// <summary>Raised by a replay, a cancel and a reschedule; records of an older one are stale.</summary>
    public int Epoch { get; init; }

    /// <summary>The last attempt of this epoch that a worker claimed, from 1; 0 before the first.</summary>
    public int Attempt { get; init; }

    /// <summary>Its state.</summary>
    public MailState State { get; init; }

    /// <summary>What comes next, where the last attempt did not send it.</summary>
    public OutboxKind? OutboxEntry { get; init; }

    /// <summary>The attempt that a redelivery carries.</summary>
    public int? OutboxAttempt { get; init; }

    /// <summary>Why the last attempt did not send the mail.</summary>
    public string? OutboxReason { get; init; }

    /// <summary>When the outbox entry was written.</summary>
    public DateTimeOffset? OutboxAt { get; init; }

    /// <summary>The hold that has it in its row, or that canceled it; null else.</summary>
    public Guid? HoldId { get; init; }

    /// <summary>When its record was acknowledged; null as long as it may have to be produced again.</summary>
    public DateTimeOffset? PublishedAt { get; init; }

    /// <summary>The worker that claimed it last.</summary>
    public Guid? WorkerId { get; init; }

    /// <summary>The worker that the last claim took it over from.</summary>
    public Guid? TakenOverFrom { get; init; }

    /// <summary>Grows with each claim; a worker with an older one has lost the mail.</summary>
    public long FencingToken { get; init; }

    /// <summary>The SMTP <c>Message-ID</c>, the same in every attempt.</summary>
    public string? MessageIdHeader { get; init; }

    /// <summary>The topic of the first record.</summary>
    public string? FirstTopic { get; init; }

    /// <summary>Its partition.</summary>
    public int? FirstPartition { get; init; }

    /// <summary>Its offset.</summary>
    public long? FirstOffset { get; init; }

    /// <summary>Its timestamp.</summary>
    public DateTimeOffset? RecordTimestamp { get; init; }

    /// <summary>SHA-256 of its value.</summary>
    public byte[]? ContentHash { get; init; }

    /// <summary>The Kafka key.</summary>
    public string? Key { get; init; }

    /// <summary>The subject.</summary>
    public string? Subject { get; init; }

    /// <summary>The address it is from.</summary>
    public string? Sender { get; init; }

    /// <summary>Its addresses as they were posted, as JSON, where they say more than the other columns.</summary>
    public string? Posted { get; init; }

    /// <summary>Its tags as JSON; null where it has none.</summary>
    public string? Tags { get; init; }

    /// <summary>The API key that it was accepted under; null where it was none of the stored ones.</summary>
    public Guid? ApiKeyId { get; init; }

    /// <summary>What went wrong last; null where nothing has.</summary>
    public string? LastError { get; init; }

    /// <summary>How often the server's reply was lost, so that the server may have taken the mail without our knowing.</summary>
    public int UnknownOutcomes { get; init; }

    /// <summary>When it is to be sent, where it was scheduled.</summary>
    public DateTimeOffset? ScheduledAt { get; init; }

    /// <summary>When the row was written.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was claimed last.</summary>
    public DateTimeOffset? ClaimedAt { get; init; }

    /// <summary>When the next attempt is due.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>When the server took it.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>When it reached an end: sent, dead, canceled, discarded, or held by the worker's settings.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When the row was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Whether it waits until its hold ends. What the worker's settings hold back waits for nothing.</summary>
    public bool IsHeldInRow => State == MailState.Held && OutboxEntry == OutboxKind.Schedule;

    /// <summary>Its recipients, where they were asked for.</summary>
    public IList<MailRecipient> Recipients { get; init; } = [];
}
