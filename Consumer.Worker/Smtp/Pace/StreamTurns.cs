using Contracts;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>
/// Which stream is next where both wait: transactional mails, and after nine of them one of bulk, so that it gets what they leave and a tenth
/// at least. Pure; not for several threads.
/// </summary>
internal sealed class StreamTurns
{
    /// <summary>After how many transactional mails one of bulk is next.</summary>
    public const int Most = 9;

    private int _inARow;

    /// <summary>The stream that goes first of two that wait.</summary>
    public MailStream First => _inARow >= Most ? MailStream.Bulk : MailStream.Transactional;

    /// <summary>The other one.</summary>
    public MailStream Second => First == MailStream.Bulk ? MailStream.Transactional : MailStream.Bulk;

    /// <summary>Counts one that went.</summary>
    public void Took(MailStream stream) => _inARow = stream == MailStream.Bulk ? 0 : Math.Min(_inARow + 1, Most);
}
