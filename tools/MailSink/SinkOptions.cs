namespace MailSink;

/// <summary>What the sink listens on, stores and allows. Section <c>Sink</c>; as an environment variable e.g. <c>Sink__SmtpPort</c>.</summary>
public sealed class SinkOptions
{
    /// <summary>The configuration section these options are read from.</summary>
    public const string Section = "Sink";

    /// <summary>IP address that SMTP and HTTP listen on. Default <c>127.0.0.1</c>; <c>0.0.0.0</c> in a container.</summary>
    public string BindAddress { get; set; } = "127.0.0.1";

    /// <summary>TCP port for SMTP, 0 to 65535; 0 takes a free one. Default 1025.</summary>
    public int SmtpPort { get; set; } = 1025;

    /// <summary>TCP port for the page and the API, 0 to 65535; 0 takes a free one. Default 8025. Not used by <see cref="SmtpSink"/> alone.</summary>
    public int HttpPort { get; set; } = 8025;

    /// <summary>How many mails are stored, 1 to 1,000,000; the oldest make room. Counting goes on. Default 10,000.</summary>
    public int MaxMessages { get; set; } = 10_000;

    /// <summary>How many bytes of mail are stored, 1 MiB or more; the oldest make room. Default 256 MiB.</summary>
    public long MaxStoredBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>Largest mail taken, in bytes, 1 KiB to 1 GiB (RFC 1870, <c>SIZE</c>). Default 25 MiB.</summary>
    public int MaxMessageBytes { get; set; } = 25 * 1024 * 1024;

    /// <summary>How many connections are open at once, 1 to 100,000; a further one gets 421. Default 1,000.</summary>
    public int MaxConnections { get; set; } = 1_000;

    /// <summary>How many mails are taken in any second, 1 to 1,000,000; a further one gets 454 after its content, as Amazon SES does. Default none: all.</summary>
    public int? MailsPerSecond { get; set; }

    /// <summary>How many mails may be under way at once, from MAIL to the final reply, 1 to 100,000; a further MAIL gets 432, as Office 365 does. Default none: all.</summary>
    public int? MailsAtOnce { get; set; }

    /// <summary>How many recipients one mail has at most, 1 to 1,000 (RFC 5321, 4.5.3.1.8, asks for 100); a further one gets 452. Default 1,000.</summary>
    public int MaxRecipients { get; set; } = 1_000;

    /// <summary>Whether mail is taken by BDAT too (RFC 3030, <c>CHUNKING</c>). Default true; false: a server that has only DATA.</summary>
    public bool Chunking { get; set; } = true;

    /// <summary>How long a client may be silent, 1 second to 1 hour (RFC 5321, 4.5.3.2.7). Default 5 minutes.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The one user who may log in (AUTH PLAIN, AUTH LOGIN). When set, mail is taken only after a login. Default none.</summary>
    public string? Username { get; set; }

    /// <summary>The password of <see cref="Username"/>. Set both or neither.</summary>
    public string? Password { get; set; }

    /// <summary>How TLS is spoken, with a self-signed certificate made at the start. Default <see cref="SinkTls.None"/>.</summary>
    public SinkTls Tls { get; set; } = SinkTls.None;
}

/// <summary>How the sink speaks TLS.</summary>
public enum SinkTls
{
    /// <summary>Plain text only.</summary>
    None,

    /// <summary>STARTTLS is offered (RFC 3207).</summary>
    StartTls,

    /// <summary>STARTTLS is offered, and mail is taken only after it.</summary>
    StartTlsRequired,

    /// <summary>TLS from the first byte (RFC 8314).</summary>
    Implicit,
}
