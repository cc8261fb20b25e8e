using System.Text.Json.Serialization;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Text;

namespace Producer.Api.Emails;

/// <summary>Something that became of a mail.</summary>
/// <param name="Id">The same each time that the events are read.</param>
/// <param name="Type">
/// <c>accepted</c>, <c>recorded</c>, <c>scheduled</c>, <c>attempted</c>, <c>delayed</c>, <c>recipient_accepted</c>, <c>recipient_rejected</c>,
/// <c>recipient_deferred</c>, <c>recipient_unknown</c>, <c>failed</c>, <c>replayed</c>, <c>sent</c>, <c>dead</c>, <c>canceled</c>, <c>discarded</c> or <c>held</c>.
/// </param>
/// <param name="CreatedAt">When.</param>
/// <param name="Detail">More about it, for people: a recipient with the mail server's reply, the reason of a delay.</param>
public sealed record MailEvent(string Id, string Type, DateTimeOffset CreatedAt, string? Detail);

/// <summary>The events of a mail.</summary>
/// <param name="Data">The events, oldest first.</param>
public sealed record MailEventList(IReadOnlyList<MailEvent> Data)
{
    /// <summary>Always <c>list</c>.</summary>
    [JsonPropertyName("object")]
    public string ObjectName { get; } = "list";

    /// <summary>Always false: all events are here.</summary>
    public bool HasMore { get; }
}

/// <summary>
/// Reads a mail's events off its row, recipients and failures: nothing is written for them. So what a later attempt overwrites (an earlier
/// attempt's beginning, a recipient's earlier reply) is told no more.
/// </summary>
internal static class MailEvents
{
    // Once a mail, so without its time in the id: the time is the id's until the record is read, and then the record's.
    private const string Accepted = "accepted";

    public static IReadOnlyList<MailEvent> Of(MailView view, DateTimeOffset? issuedAt)
    {
        var mail = view.Mail;
        var events = new List<MailEvent>();
        Add(Accepted, mail.RecordTimestamp ?? issuedAt, id: Accepted);
        Add("recorded", mail.ContentHash is null ? null : mail.CreatedAt);
        if (mail.ScheduledAt is { } due)
            Add("scheduled", mail.CreatedAt, $"for {due:O}", $"scheduled-{due.UtcTicks:x}");
        // After a replay the row still says when the attempt before it began.
        if (mail.Attempt > 0)
            Add("attempted", mail.ClaimedAt, $"attempt {mail.Attempt}");
        if (mail.OutboxEntry == OutboxKind.Redelivery)
            Add("delayed", mail.OutboxAt, mail.OutboxReason);
        if (mail.IsHeldInRow)
            Add("held", mail.OutboxAt, $"by hold {mail.HoldId}: {mail.OutboxReason}");
        foreach (var recipient in mail.Recipients.Where(recipient => recipient.Outcome != RecipientOutcome.Pending))
        {
            var type = $"recipient_{recipient.Outcome.ToText()}";
            var detail = string.Join(' ', new[] { recipient.Address, $"{recipient.ReplyCode}", recipient.ReplyText }.Where(part => !string.IsNullOrEmpty(part)));
            Add(type, recipient.UpdatedAt, detail, $"{type}-{recipient.UpdatedAt.UtcTicks:x}-{recipient.Ordinal}");
        }

        foreach (var failure in view.Failures)
        {
            events.Add(Failed(failure));
            Add("replayed", failure.ReplayedAt, id: $"replayed-{failure.Id}");
        }

        Add(mail.State.ToText(), mail.EndedAt, mail.State is MailState.Dead or MailState.Held || mail is { State: MailState.Canceled, HoldId: not null } ? mail.LastError : null);
        return [.. events.OrderBy(happened => happened.CreatedAt)];

        void Add(string type, DateTimeOffset? at, string? detail = null, string? id = null)
        {
            if (at is { } time)
                events.Add(new MailEvent(id ?? $"{type}-{time.UtcTicks:x}", type, time, detail));
        }
    }

    /// <summary>Those of a mail without a row: accepted, and what its failures tell.</summary>
    public static IReadOnlyList<MailEvent> Of(MailReport unread) =>
    [
        .. unread.AcceptedAt is { } at ? [new MailEvent(Accepted, Accepted, at, Detail: null)] : Array.Empty<MailEvent>(),
        .. unread.Failures.Select(Failed),
    ];

    private static MailEvent Failed(FailureSummary failure) => new($"failed-{failure.Id}", "failed", failure.FailedAt, failure.Message);
}
