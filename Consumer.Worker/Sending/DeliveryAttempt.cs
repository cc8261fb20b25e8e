using Consumer.Worker.Smtp;
using Persistence.Mails;

namespace Consumer.Worker.Sending;

/// <summary>
/// One claimed delivery of a mail: who it still has to go to, and what the server has said so far. Payload of the consume context
/// from the claim to the consumer; in-process retries share it, so that each goes on where the last one ended.
/// </summary>
internal sealed class DeliveryAttempt(IncomingMail mail, ClaimResult.Claimed claim, int leaseTerm)
{
    private readonly Dictionary<string, RecipientAnswer> _answers = [];

    public RecordIdentity Identity => mail.Identity;

    public IncomingMail Mail => mail;

    public long FencingToken => claim.FencingToken;

    /// <summary>The term of the worker's lease that the claim was made in.</summary>
    public int LeaseTerm => leaseTerm;

    public string MessageIdHeader => claim.MessageIdHeader;

    /// <summary>When the mail was accepted, or was to be sent where it was scheduled: its <c>Date</c>, the same in every attempt.</summary>
    public DateTimeOffset Date => mail.Mail.ScheduledAt is { } due && due > claim.FirstTimestamp ? due : claim.FirstTimestamp;

    /// <summary>What the server said per recipient.</summary>
    public IReadOnlyCollection<RecipientAnswer> Answers => _answers.Values;

    /// <summary>The recipients that the server has neither taken nor refused permanently.</summary>
    public IReadOnlyList<string> Open =>
        [.. claim.OpenRecipients.Select(recipient => recipient.Address).Where(address => !IsSettled(address))];

    /// <summary>Recipients refused permanently, in this attempt or in an earlier one.</summary>
    public IReadOnlyList<string> Rejected =>
        [.. claim.Rejected, .. _answers.Values.Where(answer => answer.Outcome == RecipientOutcome.Rejected).Select(Describe)];

    /// <summary>Whether the server may have taken the mail without our knowing.</summary>
    public bool IsOutcomeUnknown => _answers.Values.Any(answer => answer.Outcome == RecipientOutcome.Unknown);

    /// <summary>Keeps what a send brought.</summary>
    public void Note(SendResult result)
    {
        foreach (var recipient in result.Recipients)
        {
            _answers[recipient.Address] = new RecipientAnswer(
                recipient.Address,
                recipient.Outcome,
                recipient.Reply?.Code,
                recipient.Reply?.EnhancedCode,
                recipient.Reply?.Text ?? recipient.Failure?.Text);
        }
    }

    private bool IsSettled(string address) =>
        _answers.TryGetValue(address, out var answer) && answer.Outcome is RecipientOutcome.Accepted or RecipientOutcome.Rejected;

    private static string Describe(RecipientAnswer answer) => $"{answer.Address}: {answer.ReplyCode} {answer.EnhancedCode} {answer.ReplyText}";
}
