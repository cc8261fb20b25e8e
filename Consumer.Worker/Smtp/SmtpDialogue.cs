using MailKit;
using MailKit.Net.Smtp;
using MimeKit;

namespace Consumer.Worker.Smtp;

/// <summary>
/// Follows one mail through MailKit's dialogue: where it is, what the server said of each recipient, and how long the next
/// reply may take. MailKit calls in as it goes along; a dialogue belongs to one send.
/// </summary>
/// <param name="recipients">How many there are.</param>
/// <param name="chunking">Whether the content goes by BDAT, which has one reply for command and content.</param>
/// <param name="options">How long each phase may take.</param>
/// <param name="allow">Gives the next reply its time.</param>
/// <param name="beforeData">Called right before DATA or BDAT; what it throws withholds the mail.</param>
internal sealed class SmtpDialogue(int recipients, bool chunking, RelayOptions options, Action<TimeSpan> allow, Action beforeData) : ITransferProgress
{
    private readonly Dictionary<string, SmtpReply> _refused = new(MailAddresses.SameMailbox);
    private bool _senderRefused;
    private bool _accepted;

    /// <summary>How many recipients the server has replied to.</summary>
    public int Replies { get; private set; }

    public SmtpPhase Phase { get; private set; } = SmtpPhase.Mail;

    /// <summary>Whether the server has replied to this mail. A 421 to MAIL does not count: it also ends a connection that lay idle.</summary>
    public bool HasReply { get; private set; }

    /// <summary>Why the mail was withheld before DATA or BDAT; <c>null</c> where it was not.</summary>
    public Exception? Withheld { get; private set; }

    /// <summary>What the server said of the recipients it did not take, by address.</summary>
    public IReadOnlyDictionary<string, SmtpReply> Refused => _refused;

    public void SenderAccepted() => Enter(SmtpPhase.Recipient, options.CommandTimeout);

    public void SenderRefused(SmtpResponse response)
    {
        _senderRefused = true;
        HasReply = response.StatusCode != SmtpStatusCode.ServiceNotAvailable;
    }

    public void RecipientAccepted()
    {
        _accepted = true;
        RecipientReplied();
    }

    public void RecipientRefused(MailboxAddress recipient, SmtpReply reply)
    {
        // With PIPELINING the recipients follow a refused sender; what the server says of them then is not a verdict on them.
        if (_senderRefused)
            return;
        _refused[recipient.Address] = reply;
        RecipientReplied();
    }

    /// <summary>Called for each part of the content, after it was written to the connection.</summary>
    public void Report(long bytesTransferred, long totalSize) =>
        // Dot stuffing only adds bytes, so the end is never taken for later than it is. By BDAT the last part ends the mail, and
        // may be with the server before this is called; a part that was not written completely throws, and does not come here.
        Enter(bytesTransferred >= totalSize ? SmtpPhase.FinalReply : SmtpPhase.Content, options.DataTimeout);

    /// <summary>Called where the size is not known: each part may be the last.</summary>
    public void Report(long bytesTransferred) => Enter(SmtpPhase.FinalReply, options.DataTimeout);

    private void RecipientReplied()
    {
        var last = ++Replies == recipients;
        Enter(!last ? SmtpPhase.Recipient : chunking ? SmtpPhase.Content : SmtpPhase.Data, options.CommandTimeout);
        // MailKit goes on to DATA or BDAT once it has every recipient's reply, with or without PIPELINING; what is thrown here keeps it from that.
        if (last && _accepted && !_senderRefused)
            AskBeforeData();
    }

    private void AskBeforeData()
    {
        try
        {
            beforeData();
        }
        catch (Exception exception)
        {
            Withheld = exception;
            throw;
        }
    }

    private void Enter(SmtpPhase phase, TimeSpan timeout)
    {
        HasReply = true;
        Phase = phase;
        allow(timeout);
    }
}
