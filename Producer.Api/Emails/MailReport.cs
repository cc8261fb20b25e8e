using System.Text.Json.Serialization;
using Contracts;
using Persistence.Failures;
using Persistence.Keys;
using Persistence.Mails;
using Producer.Api.Security;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

/// <summary>What became of a mail.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">The one state it is in; <c>unknown</c> where its id alone is known, and all that was posted by then has been read.</param>
/// <param name="Recorded">Whether a worker has read it. While not, and as long as it is <c>queued</c>, it is unread in Kafka (or, after <c>outcome_unknown</c>, nowhere).</param>
public sealed record MailReport(Guid Id, ReportedState State, bool Recorded)
{
    /// <summary>Its version: raised by a replay and by a cancel; records of an older epoch are stale.</summary>
    public int Epoch { get; init; }

    /// <summary>How often it was tried since it was accepted or last replayed.</summary>
    public int Attempts { get; init; }

    /// <summary>Always <c>email</c>, as Resend's clients expect.</summary>
    [JsonPropertyName("object")]
    public string ObjectName { get; } = "email";

    /// <summary>The state in Resend's words: <c>scheduled</c>, <c>queued</c>, <c>delivery_delayed</c>, <c>sent</c>, <c>failed</c>, <c>canceled</c>, <c>suppressed</c>, or <c>unknown</c>.</summary>
    public string LastEvent { get; init; } = LastEvents.Of(State);

    /// <summary>When it was accepted, or where that is not known, when a worker first read it.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>The sender, as posted.</summary>
    public string? From { get; init; }

    /// <summary>Recipients, as posted.</summary>
    public IReadOnlyList<string>? To { get; init; }

    /// <summary>Copied recipients, as posted.</summary>
    public IReadOnlyList<string>? Cc { get; init; }

    /// <summary>Hidden recipients, as posted.</summary>
    public IReadOnlyList<string>? Bcc { get; init; }

    /// <summary>Where replies go, as posted.</summary>
    public IReadOnlyList<string>? ReplyTo { get; init; }

    /// <summary>Its tags, as posted.</summary>
    public IReadOnlyList<MailTag>? Tags { get; init; }

    /// <summary>Its subject.</summary>
    public string? Subject { get; init; }

    /// <summary>The key within which order is kept: the ordering key, or the id.</summary>
    public string? Key { get; init; }

    /// <summary>The SMTP <c>Message-ID</c> it is sent with, in angle brackets.</summary>
    public string? MessageId { get; init; }

    /// <summary>When the API accepted it, where that is known.</summary>
    public DateTimeOffset? AcceptedAt { get; init; }

    /// <summary>When it is, or was, to be sent, where it was scheduled.</summary>
    public DateTimeOffset? ScheduledAt { get; init; }

    /// <summary>When a worker first read it.</summary>
    public DateTimeOffset? RecordedAt { get; init; }

    /// <summary>When the last attempt began.</summary>
    public DateTimeOffset? LastAttemptAt { get; init; }

    /// <summary>When the next attempt is due.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>What keeps it from being sent, where no worker sends anything now; null else.</summary>
    public WaitReport? Waiting { get; init; }

    /// <summary>What holds it, while it is held; null else.</summary>
    public HeldReport? Held { get; init; }

    /// <summary>When the mail server took it.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>When it reached its end.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>
    /// What went wrong last, as long as that holds: nothing once the mail is sent or canceled, or was replayed; of one that a hold canceled, which
    /// that was and why; of one that is <c>unknown</c>, how that can be.
    /// </summary>
    public string? LastError { get; init; }

    /// <summary>How often the mail server's reply was lost, so that it may have been sent without our knowing.</summary>
    public int UnknownOutcomes { get; init; }

    /// <summary>Its recipients and what became of each; none as long as its first attempt lasts.</summary>
    public IReadOnlyList<RecipientReport> Recipients { get; init; } = [];

    /// <summary>Its failures, oldest first.</summary>
    public IReadOnlyList<FailureSummary> Failures { get; init; } = [];

    /// <summary>
    /// Failures of records that came with its id and are not it, oldest first: other content, as under an Idempotency-Key that was used again
    /// while Postgres was away, or written into the topic by others. This mail goes on without them.
    /// </summary>
    public IReadOnlyList<FailureSummary> Conflicts { get; init; } = [];

    /// <summary>Its stream, once a worker has read it.</summary>
    public string? Stream { get; init; }

    /// <summary>Whether it has come to an end, which only people change, and all that there is to say of it is written.</summary>
    internal bool HasEnded => State switch
    {
        ReportedState.Sent or ReportedState.Canceled or ReportedState.Discarded or ReportedState.Unknown => true,
        ReportedState.Dead => !AwaitsFailure,
        ReportedState.Held => EndedAt is not null,
        _ => false,
    };

    /// <summary>Whether it is dead, and its dead letter is on its way: the failure is written once that is read.</summary>
    internal bool AwaitsFailure { get; init; }

    /// <summary>As a caller may see it: without <c>read</c> only where it stands.</summary>
    internal MailReport SeenBy(Caller caller) => caller.Has(KeyScope.Read) ? this : new MailReport(Id, State, Recorded)
    {
        Epoch = Epoch,
        Attempts = Attempts,
        LastEvent = LastEvent,
        CreatedAt = CreatedAt,
        AcceptedAt = AcceptedAt,
        ScheduledAt = ScheduledAt,
        RecordedAt = RecordedAt,
        LastAttemptAt = LastAttemptAt,
        NextAttemptAt = NextAttemptAt,
        EndedAt = EndedAt,
    };

    /// <summary>A mail that no worker has read yet.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="issuedAt">When the API accepted it, where that is known.</param>
    /// <param name="posted">What this instance knows of it.</param>
    internal static MailReport Unseen(Guid id, DateTimeOffset? issuedAt, PostedMail? posted) =>
        new MailReport(id, ReportedState.Queued, Recorded: false) { AcceptedAt = issuedAt, CreatedAt = issuedAt }.With(posted);

    /// <summary>A mail that should have been read by now, and of which nothing is written.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="issuedAt">When the id was given out, where that is known.</param>
    internal static MailReport Unknown(Guid id, DateTimeOffset? issuedAt) => new(id, ReportedState.Unknown, Recorded: false)
    {
        CreatedAt = issuedAt,
        LastError = "The id is one that this system gives out, and nothing else is known of it: the workers have read all that was posted by then, and the database has no row of it. "
            + "It was never accepted (its post was answered with an error), its row was removed after its time, the database was restored from before it, or another installation with the same Api:IdSecret gave it out.",
    };

    /// <summary>A mail that the worker could not read: it has no row, and its failures say all that is known of it.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="issuedAt">When the API accepted it, where that is known.</param>
    /// <param name="failures">Its failures, newest first.</param>
    internal static MailReport Unreadable(Guid id, DateTimeOffset? issuedAt, IReadOnlyList<FailureSummary> failures)
    {
        var last = failures[0];
        var state = last.Status switch
        {
            // The record that sends it again is on its way.
            FailureStatus.Replayed => ReportedState.Queued,
            FailureStatus.Discarded => ReportedState.Discarded,
            _ => ReportedState.Dead,
        };
        return new MailReport(id, state, Recorded: false)
        {
            Epoch = last.Epoch,
            Attempts = last.Attempts,
            AcceptedAt = issuedAt,
            CreatedAt = issuedAt,
            EndedAt = state == ReportedState.Queued ? null : last.FailedAt,
            LastError = last.Message,
            Failures = [.. failures.Reverse()],
        };
    }

    internal static MailReport Of(MailView view, DateTimeOffset? issuedAt, MailTopics names, PostedMail? posted = null) => new MailReport(view.Mail.Id, ReportedStates.Of(view.Mail.State), Recorded: true)
    {
        Epoch = view.Mail.Epoch,
        Attempts = view.Mail.Attempt,
        LastEvent = LastEvents.Of(view.Mail.State, view.Mail.OutboxEntry == OutboxKind.Redelivery || view.Mail.IsHeldInRow),
        CreatedAt = view.Mail.RecordTimestamp ?? issuedAt ?? view.Mail.CreatedAt,
        Subject = view.Mail.Subject ?? posted?.Subject,
        Tags = MailAddresses.TagsOf(view.Mail.Tags) ?? (view.Mail.ContentHash is null && posted is { Tags.Count: > 0 } ? posted.Tags : null),
        Key = view.Mail.Key,
        Stream = view.Mail.FirstTopic is { } topic ? names.StreamOf(topic).ToText() : null,
        MessageId = view.Mail.MessageIdHeader is { } messageId && !messageId.StartsWith('<') ? $"<{messageId}>" : view.Mail.MessageIdHeader,
        AcceptedAt = view.Mail.RecordTimestamp ?? issuedAt,
        ScheduledAt = view.Mail.ScheduledAt ?? posted?.ScheduledAt,
        RecordedAt = view.Mail.CreatedAt,
        LastAttemptAt = view.Mail.ClaimedAt,
        NextAttemptAt = view.Mail.NextAttemptAt,
        Held = HeldReport.Of(view.Mail),
        SentAt = view.Mail.SentAt,
        EndedAt = view.Mail.EndedAt,
        LastError = Holds(view.Mail) ? view.Mail.LastError : null,
        UnknownOutcomes = view.Mail.UnknownOutcomes,
        Recipients = [.. view.Mail.Recipients.Select(RecipientReport.Of)],
        Failures = view.Failures,
        Conflicts = view.Conflicts,
        AwaitsFailure = view.Mail is { State: MailState.Dead, PublishedAt: null },
    }.With(MailAddresses.Of(view.Mail) ?? posted?.Addresses ?? MailAddresses.SenderOf(view.Mail));

    /// <summary>With its addresses, where they are known.</summary>
    internal MailReport With(PostedAddresses? addresses) => addresses is null ? this : this with
    {
        From = addresses.From,
        To = addresses.To,
        Cc = addresses.Cc,
        Bcc = addresses.Bcc,
        ReplyTo = addresses.ReplyTo,
    };

    private MailReport With(PostedMail? posted) => posted is null ? this : this.With(posted.Addresses) with
    {
        Subject = posted.Subject,
        Tags = posted.Tags.Count == 0 ? null : posted.Tags,
        ScheduledAt = posted.ScheduledAt,
    };

    /// <summary>Whether what went wrong last is what the mail is in its state for, or is tried again for.</summary>
    private static bool Holds(Mail mail) => mail.State switch
    {
        MailState.Canceled => mail.HoldId is not null,
        MailState.Sent or MailState.Scheduled => false,
        MailState.Held when mail.IsHeldInRow => mail.Attempt > 0,
        MailState.Queued or MailState.Sending => mail.Attempt > 0 && (mail.Attempt > 1 || mail.OutboxEntry is not null),
        _ => true,
    };
}

/// <summary>Why no mail is sent now.</summary>
/// <param name="Reason">What the workers wait for.</param>
/// <param name="Since">Since when, where that is known.</param>
public sealed record WaitReport(string Reason, DateTimeOffset? Since);

/// <summary>What holds a mail.</summary>
/// <param name="HoldId">The hold, which `GET /holds/{id}` shows: the mail goes on when that ends. Absent where it is a rule.</param>
/// <param name="Rule">The worker's setting that leaves out some of its recipients; nothing sends the mail to those. Absent where it is a hold.</param>
/// <param name="Reason">Why.</param>
/// <param name="Since">Since when.</param>
public sealed record HeldReport(Guid? HoldId, string? Rule, string? Reason, DateTimeOffset? Since)
{
    private const string OnlyTo = "Smtp:OnlyTo";

    internal static HeldReport? Of(Mail mail) =>
        mail.State != MailState.Held ? null
        : mail.IsHeldInRow ? new HeldReport(mail.HoldId, Rule: null, mail.OutboxReason, mail.OutboxAt)
        : new HeldReport(HoldId: null, OnlyTo, mail.LastError, mail.EndedAt);
}

/// <summary>What became of a mail for one recipient.</summary>
/// <param name="Address">The address.</param>
/// <param name="Kind">to, cc or bcc.</param>
/// <param name="Outcome">What became of the mail for it.</param>
/// <param name="ReplyCode">The mail server's last reply code.</param>
/// <param name="EnhancedCode">Its last enhanced status code.</param>
/// <param name="ReplyText">The text of that reply.</param>
/// <param name="UpdatedAt">When this changed last.</param>
public sealed record RecipientReport(
    string Address, RecipientKind Kind, RecipientOutcome Outcome, int? ReplyCode, string? EnhancedCode, string? ReplyText, DateTimeOffset UpdatedAt)
{
    internal static RecipientReport Of(MailRecipient recipient) => new(
        recipient.Address, recipient.Kind, recipient.Outcome, recipient.ReplyCode, recipient.EnhancedCode, recipient.ReplyText, recipient.UpdatedAt);
}
