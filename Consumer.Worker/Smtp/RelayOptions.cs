using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Consumer.Worker.Smtp.Pace;
using ServiceDefaults.Configuration;

namespace Consumer.Worker.Smtp;

/// <summary>How a connection to the mail server is protected.</summary>
internal enum SmtpSecurity
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>STARTTLS where the server offers it, plain text otherwise.</summary>
    StartTlsWhenAvailable,

    /// <summary>STARTTLS; a server that does not offer it is not used.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314, port 465).</summary>
    Tls,
}

/// <summary>What to do with a mail whose server may have taken it without the reply having arrived.</summary>
internal enum UnknownOutcome
{
    /// <summary>Send it again with the same <c>Message-ID</c>, as mail servers do: at worst it arrives twice.</summary>
    Resend,

    /// <summary>Leave the decision to a person: dead-letter topic.</summary>
    DeadLetter,
}

/// <summary>One mail server that takes mails, and the connections to it: section <c>Smtp</c>, or <c>Smtp:Relays:NAME</c>.</summary>
internal class RelayOptions : IValidatableObject, INamedSection
{
    private string _name = SmtpOptions.DefaultRelay;

    /// <summary>The mail server's host name or address. Default <c>localhost</c>.</summary>
    [Required(ErrorMessage = "Name the mail server that takes your mails.")]
    public string Host { get; set; } = "localhost";

    /// <summary>The mail server's port. Default 1025, the trial's mail sink.</summary>
    [Range(1, 65535, ErrorMessage = "Use your mail server's port: 25, 587 or 465 as a rule.")]
    public int Port { get; set; } = 1025;

    /// <summary>
    /// How the connection is protected. Default <see cref="SmtpSecurity.StartTls"/> with a <see cref="Username"/>, whose password nobody is to read,
    /// and <see cref="SmtpSecurity.StartTlsWhenAvailable"/> without one.
    /// </summary>
    public SmtpSecurity? Security { get; set; }

    /// <summary>The login; none means that the worker does not log in.</summary>
    public string? Username { get; set; }

    /// <summary>The login's password.</summary>
    [PasswordPropertyText(true)]
    public string? Password { get; set; }

    /// <summary>The file that holds <see cref="Password"/>; read again for each connection.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>
    /// Where access tokens are fetched by client credentials (RFC 6749 section 4.4), in the place of a password: the worker logs in by OAUTHBEARER
    /// (RFC 7628) or XOAUTH2, whichever the server offers.
    /// </summary>
    public string? OAuthTokenEndpoint { get; set; }

    /// <summary>The client's id there.</summary>
    public string? OAuthClientId { get; set; }

    /// <summary>The client's secret there.</summary>
    [PasswordPropertyText(true)]
    public string? OAuthClientSecret { get; set; }

    /// <summary>The file that holds <see cref="OAuthClientSecret"/>; read again for each token.</summary>
    public string? OAuthClientSecretFile { get; set; }

    /// <summary>The scope that is asked for, where the endpoint needs one.</summary>
    public string? OAuthScope { get; set; }

    /// <summary>Whether the server's certificate must be valid for <see cref="Host"/>. Default true.</summary>
    public bool CheckCertificate { get; set; } = true;

    /// <summary>Whether that check asks for revocation too; a private authority often has no list to ask. Default true.</summary>
    public bool CheckCertificateRevocation { get; set; } = true;

    /// <summary>How many connections are open at once, at most. Default 20.</summary>
    [Range(1, 1000, ErrorMessage = "Stay below what the mail server allows a client.")]
    public int MaxConnections { get; set; } = 20;

    /// <summary>
    /// How many mails go to the mail server at most, of all workers together: <c>14/s</c>, <c>600/m</c>, <c>10000/h</c>, <c>50000/d</c>,
    /// several with commas. The live workers share the rates of a second and a minute in equal parts; what is used of an hour's or a day's
    /// stands in Postgres. Default none: as fast as the server takes them, which its replies teach in any case.
    /// </summary>
    public string? Rate { get; set; }

    /// <summary>How many mails may go at once after a pause, by the rates of a second and a minute. Default 1: evenly spaced.</summary>
    [Range(1, 100_000, ErrorMessage = "A burst comes on top of the rate once; 1 spaces mails evenly.")]
    public int RateBurst { get; set; } = 1;

    /// <summary>
    /// Which replies mean "slower", beyond those that the worker knows: <c>CODE [ENHANCED-CODE] [TEXT]</c>, several with semicolons, such
    /// as <c>450 4.7.1 try later; 550 5.4.5</c>. Default none.
    /// </summary>
    public string? ThrottleReplies { get; set; }

    /// <summary>
    /// How long the mail server may refuse all mails as too fast before readiness fails, and how long it may refuse one while others pass
    /// before that counts as the mail's own failure. Default 1 hour. The mails wait as long as it takes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00", ErrorMessage = "An hour outlasts what a busy server asks for; a day's quota lasts longer, and somebody should know.")]
    public TimeSpan ThrottlePatience { get; set; } = TimeSpan.FromHours(1);

    /// <summary>After how many mails a connection is closed and a new one opened. Default 100.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Mail servers often allow 100 mails a connection.")]
    public int MaxMailsPerConnection { get; set; } = 100;

    /// <summary>How long a connection may stay unused before it is closed. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "Stay below the mail server's own idle time, 5 minutes as a rule.")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long TCP, greeting, EHLO, TLS and login may take together. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00", ErrorMessage = "10 seconds suit a server near by.")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the replies to MAIL and RCPT may take. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00", ErrorMessage = "RFC 5321 section 4.5.3.2 grants up to 5 minutes.")]
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a part of the content, and the reply to all of it, may take. Default 2 minutes. A short one makes unknown
    /// outcomes: the server may have taken the mail while nobody waits for its reply any more.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00", ErrorMessage = "RFC 5321 section 4.5.3.2.6 grants up to 10 minutes.")]
    public TimeSpan DataTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Whether a mail's content goes by BDAT where the server offers CHUNKING (RFC 3030), which is one round trip less a mail.
    /// Default true; a server that does not know BDAT after all is sent to by DATA from then on. False: always by DATA, for a box
    /// before the server that gets BDAT wrong.
    /// </summary>
    public bool Chunking { get; set; } = true;

    /// <summary>The name the worker gives itself in EHLO (RFC 5321 section 4.1.1.1); none means the machine's.</summary>
    public string? LocalDomain { get; set; }

    /// <summary>What to do where the server may have taken a mail and its reply was lost. Default <see cref="UnknownOutcome.Resend"/>.</summary>
    public UnknownOutcome OnUnknownOutcome { get; set; } = UnknownOutcome.Resend;

    /// <summary><see cref="Security"/>, or its default.</summary>
    internal SmtpSecurity EffectiveSecurity => Security ?? (HasLogin ? SmtpSecurity.StartTls : SmtpSecurity.StartTlsWhenAvailable);

    /// <summary>The relay's name, in lower case: two workers that spell it otherwise mean the same one.</summary>
    internal string Name => _name;

    /// <summary>Where its options stand.</summary>
    internal string Path => _name == SmtpOptions.DefaultRelay ? SmtpOptions.Section : $"{SmtpOptions.Section}:{nameof(SmtpOptions.Relays)}:{_name}";

    /// <summary>What it is called in the log.</summary>
    internal string Title => _name == SmtpOptions.DefaultRelay ? "the mail server" : $"the mail server of relay {_name}";

    /// <summary>Whether it does so with a token.</summary>
    internal bool HasOAuth => !string.IsNullOrEmpty(OAuthTokenEndpoint);

    /// <summary>Whether the worker logs in.</summary>
    internal bool HasLogin => !string.IsNullOrEmpty(Username);

    /// <summary>A relay with a name has no server by default: that of another one would be a mistake.</summary>
    string INamedSection.Name
    {
        get => _name;
        set => (_name, Host) = (value.ToLowerInvariant(), "");
    }

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext) => Problems();

    /// <summary>What is wrong with several options together, by the key to look at.</summary>
    protected virtual IEnumerable<ValidationResult> Problems()
    {
        if (string.IsNullOrEmpty(Username) && !string.IsNullOrEmpty(Password))
            yield return new ValidationResult($"allowed: a login where there is a password. Set it, or remove {Path}:{nameof(Password)}.", [nameof(Username)]);
        if (RateLimit.TryRead(Rate) is null)
            yield return new ValidationResult($"allowed: {RateLimit.Allowed}. For example 14/s,50000/d.", [nameof(Rate)]);
        if (ThrottleReply.TryRead(ThrottleReplies) is null)
            yield return new ValidationResult($"allowed: {ThrottleReply.Allowed}. For example 450 4.7.1 try later; 550 5.4.5.", [nameof(ThrottleReplies)]);
        if (IsNoHost(LocalDomain))
            yield return NoHost(nameof(LocalDomain));
        foreach (var (key, problem) in OAuthProblems())
            yield return new ValidationResult(problem, [key]);
    }

    private protected static bool IsNoHost(string? domain) => !string.IsNullOrEmpty(domain) && Uri.CheckHostName(domain) == UriHostNameType.Unknown;

    private protected static ValidationResult NoHost(string key) => new("allowed: a host name. Use one such as mail.example.com.", [key]);

    private IEnumerable<(string Key, string Problem)> OAuthProblems()
    {
        (string Key, string? Value)[] others = [(nameof(OAuthClientId), OAuthClientId), (nameof(OAuthClientSecret), OAuthClientSecret), (nameof(OAuthScope), OAuthScope)];
        if (!HasOAuth)
        {
            foreach (var (key, _) in others.Where(other => !string.IsNullOrEmpty(other.Value)))
                yield return (key, $"allowed: with {Path}:{nameof(OAuthTokenEndpoint)} alone. Set that, or remove this.");
            yield break;
        }

        if (!(Uri.TryCreate(OAuthTokenEndpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
            yield return (nameof(OAuthTokenEndpoint), "allowed: an http or https address. Copy the token endpoint of your identity provider.");
        if (!HasLogin)
            yield return (nameof(Username), $"allowed: the mailbox to log in as, where there is a {Path}:{nameof(OAuthTokenEndpoint)}. Set it.");
        if (!string.IsNullOrEmpty(Password))
            yield return (nameof(Password), $"allowed: one of {Path}:{nameof(Password)} and {Path}:{nameof(OAuthTokenEndpoint)}. Remove the other.");
        foreach (var (key, _) in others.Where(other => other.Key != nameof(OAuthScope) && string.IsNullOrEmpty(other.Value)))
            yield return (key, $"allowed: what the identity provider gave, where there is a {Path}:{nameof(OAuthTokenEndpoint)}. Set it.");
    }
}
