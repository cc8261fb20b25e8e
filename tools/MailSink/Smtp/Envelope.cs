namespace MailSink.Smtp;

/// <summary>The mail under way: from an accepted MAIL to the end of the content or a reset.</summary>
internal sealed class Envelope(string sender, bool utf8)
{
    public string Sender { get; } = sender;

    public bool Utf8 { get; } = utf8;

    public List<string> Recipients { get; } = [];

    /// <summary>Whether its content comes by BDAT, and has begun.</summary>
    public bool IsChunked { get; set; }
}
