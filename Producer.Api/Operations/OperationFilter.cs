using System.ComponentModel;
using Persistence.Failures;
using Persistence.Mails;
using Persistence.Operations;
using Producer.Api.Failures;
using Producer.Api.Requests;

namespace Producer.Api.Operations;

/// <summary>
/// Which failures an operation is about, by the names of <c>GET /failures</c>; of a cancel which mails, by those of <c>GET /emails</c>:
/// <c>recipient</c>, <c>sender</c>, <c>state</c>, <c>tag</c>, <c>subject</c>, <c>since</c> and <c>until</c>.
/// </summary>
public sealed record OperationFilter : FilterTexts
{
    private static readonly string[] OfMails = ["recipient", "sender", "state", "tag", "subject", "since", "until"];

    /// <summary>Of a cancel: <c>scheduled</c>, <c>queued</c> or <c>held</c>; all three by default.</summary>
    [Description("Of a cancel: `scheduled`, `queued` or `held`; all three by default.")]
    public string? State { get; init; }

    /// <summary>Which failures.</summary>
    /// <exception cref="FormatException">It restricts nothing, or a part is not what it should be; the message says which.</exception>
    internal FailureFilter Failures(OperationAction action)
    {
        if (QueryTexts.Given(State) is not null)
            throw new FormatException("'state' is of mails, which are canceled; failures have a 'status'.");
        var filter = Read();
        if (filter == new FailureFilter { Statuses = filter.Statuses })
            throw new FormatException("The filter restricts nothing, or the status alone: say which failures, by one of " + string.Join(", ", Names.Skip(1)) + ". All of them are those 'until' a time.");
        return filter.Statuses.Count > 0 ? filter : filter with { Statuses = [action == OperationAction.Restore ? FailureStatus.Discarded : FailureStatus.Unresolved] };
    }

    /// <summary>Which mails, of a cancel.</summary>
    /// <inheritdoc cref="Failures"/>
    internal MailFilter Mails()
    {
        if (this with { Recipient = null, Sender = null, State = null, Tag = null, Subject = null, Since = null, Until = null } != new OperationFilter())
            throw new FormatException($"A cancel is of mails, whose filter has: {string.Join(", ", OfMails)}.");
        var filter = new MailFilter
        {
            Recipient = QueryTexts.Text("recipient", Recipient),
            Sender = QueryTexts.Text("sender", Sender),
            State = QueryTexts.Word<MailState>("state", State),
            Tag = QueryTexts.Text("tag", Tag),
            Subject = QueryTexts.Text("subject", Subject),
            Since = QueryTexts.Time("since", Since),
            Until = QueryTexts.Time("until", Until),
        };
        if (filter.State is not (null or MailState.Scheduled or MailState.Queued or MailState.Held))
            throw new FormatException($"'state' is '{State}'; scheduled, queued or held can be canceled.");
        if (filter == new MailFilter { State = filter.State })
            throw new FormatException("The filter restricts nothing, or the state alone: say which mails, by one of " + string.Join(", ", OfMails.Where(name => name != "state")) + ". All of them are those 'until' a time.");
        return filter;
    }
}
