namespace Consumer.Worker.Smtp;

/// <summary>Where in the SMTP dialogue a mail is, or failed (RFC 5321 section 3.3).</summary>
internal enum SmtpPhase
{
    /// <summary>TCP, greeting, EHLO, STARTTLS.</summary>
    Connect,

    /// <summary>AUTH (RFC 4954).</summary>
    Authenticate,

    /// <summary>MAIL FROM: the server has not said anything to this mail yet.</summary>
    Mail,

    /// <summary>RCPT TO.</summary>
    Recipient,

    /// <summary>The DATA command; no content was sent. BDAT (RFC 3030) goes with its content: from RCPT to <see cref="Content"/>.</summary>
    Data,

    /// <summary>Content is being sent; its end was not, so the server cannot have taken the mail.</summary>
    Content,

    /// <summary>
    /// The end of the content, by BDAT its last octet, may have been sent, and the reply to it has not come: the server may have
    /// taken the mail.
    /// </summary>
    FinalReply,
}
