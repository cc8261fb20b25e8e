namespace Consumer.Worker.Smtp.Pace;

/// <summary>The mail server wants it slower: nothing is counted against the mail, which waits and goes again.</summary>
/// <param name="message">What happened, for people.</param>
/// <param name="reply">What the server said.</param>
/// <param name="scope">What it asks for.</param>
/// <param name="begunAt">When the mail was begun, by <see cref="SmtpPace.Now"/>.</param>
/// <param name="inUse">How many mails were under way then.</param>
internal sealed class ThrottledMailException(string message, SmtpReply reply, ThrottleScope scope, double begunAt, int inUse) : MailException(message)
{
    public SmtpReply Reply => reply;

    public ThrottleScope Scope => scope;

    public double BegunAt => begunAt;

    public int InUse => inUse;
}
