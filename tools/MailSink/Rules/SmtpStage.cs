namespace MailSink.Rules;

/// <summary>The moments of a session at which a rule can act, always before the server's reply.</summary>
public enum SmtpStage
{
    /// <summary>Before the greeting (RFC 5321, 3.1).</summary>
    Connect,

    /// <summary><c>EHLO</c> or <c>HELO</c>.</summary>
    Ehlo,

    /// <summary><c>STARTTLS</c>, before the handshake.</summary>
    StartTls,

    /// <summary><c>AUTH</c>, once the credentials are there.</summary>
    Auth,

    /// <summary><c>MAIL FROM</c>.</summary>
    Mail,

    /// <summary><c>RCPT TO</c>.</summary>
    Rcpt,

    /// <summary>
    /// <c>DATA</c>, before the 354. By <c>BDAT</c> (RFC 3030) it is the mail's first one, before its octets are read: its client
    /// waits for no reply before it sends them. A refusal is given after them; what drops or hangs takes none of the mail.
    /// </summary>
    Data,

    /// <summary>The dot that ends the mail, or the last octet of its <c>BDAT … LAST</c>: the reply is the final 250.</summary>
    EndOfData,

    /// <summary><c>RSET</c>.</summary>
    Rset,

    /// <summary><c>NOOP</c>.</summary>
    Noop,

    /// <summary><c>QUIT</c>.</summary>
    Quit,
}
