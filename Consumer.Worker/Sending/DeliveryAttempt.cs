using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Relays;
using Persistence.Mails;

namespace Consumer.Worker.Sending;

/// <summary>
/// One claimed delivery of a mail: who it still has to go to, and what the server has said so far. Payload of the consume context
/// from the claim to the consumer; in-process retries share it, so that each goes on where the last one ended.
/// </summary>
internal sealed class DeliveryAttempt(IncomingMail mail, ClaimResult.Claimed claim, int leaseTerm, IRelay relay)
{
    private readonly Dictionary<string, RecipientReply> _replies = [];

    public RecordIdentity Identity => mail.Identity;

    public IncomingMail Mail => mail;

    /// <summary>The relay that it goes by.</summary>
    public IRelay Relay => relay;

    public long FencingToken => claim.FencingToken;

    /// <summary>The term of the worker's lease that the claim was made in.</summary>
    public int LeaseTerm => leaseTerm;

    public string MessageIdHeader => claim.MessageIdHeader;

    /// <summary>When the mail was accepted, or was to be sent where it was scheduled: its <c>Date</c>, the same in every attempt.</summary>
    public DateTimeOffset Date => mail.ScheduledAt is { } due && due > claim.FirstTimestamp ? due : claim.FirstTimestamp;

    /// <summary>What the server said per recipient.</summary>
    public IReadOnlyCollection<RecipientReply> Replies => _replies.Values;

    /// <summary>The recipients that the server has neither taken nor refused permanently.</summary>
    public IReadOnlyList<string> Open =>
        [.. claim.OpenRecipients.Select(recipient => recipient.Address).Where(address => !IsSettled(address))];

    /// <summary>Recipients refused permanently, in this attempt or in an earlier one.</summary>
    public IReadOnlyList<string> Rejected =>
        [.. claim.Rejected, .. _replies.Values.Where(reply => reply.Outcome == RecipientOutcome.Rejected).Select(Describe)];

    /// <summary>Whether some recipients are held back, so that the mail is over without having gone to all.</summary>
    public bool IsHeldBack { get; private set; }

    /// <summary>Holds the mail back from a recipient: it stays pending, with the reason as its text.</summary>
    public void HoldBack(string address, string reason)
    {
        IsHeldBack = true;
        _replies[address] = new RecipientReply(address, RecipientOutcome.Pending, null, null, reason);
    }

    /// <summary>Keeps what a send brought.</summary>
    public void Note(SendResult result)
    {
        foreach (var recipient in result.Recipients)
        {
            _replies[recipient.Address] = new RecipientReply(
                recipient.Address,
                recipient.Outcome,
                recipient.Reply?.Code,
                recipient.Reply?.EnhancedCode,
                recipient.Reply?.Text ?? recipient.Failure?.Text);
        }
    }

    private bool IsSettled(string address) =>
        _replies.TryGetValue(address, out var reply) && reply.Outcome is RecipientOutcome.Accepted or RecipientOutcome.Rejected;

    private static string Describe(RecipientReply reply) => $"{reply.Address}: {reply.ReplyCode} {reply.EnhancedCode} {reply.ReplyText}";
}
