namespace MailSink.Smtp;

/// <summary>The replies that the server gives of its own, with the enhanced status codes of RFC 3463 and RFC 2034.</summary>
internal static class Replies
{
    public static readonly SmtpReply Greeting = new(220, $"{HostName} ESMTP mail sink: takes everything, delivers nothing");
    public static readonly SmtpReply Helo = new(250, HostName);
    public static readonly SmtpReply Bye = new(221, "2.0.0 Bye");
    public static readonly SmtpReply Ok = new(250, "2.0.0 Ok");
    public static readonly SmtpReply SenderOk = new(250, "2.1.0 Ok");
    public static readonly SmtpReply RecipientOk = new(250, "2.1.5 Ok");
    public static readonly SmtpReply StartMail = new(354, "End data with <CR><LF>.<CR><LF>");
    public static readonly SmtpReply ChunkTaken = new(250, "2.0.0 Ok: go on");
    public static readonly SmtpReply Stored = new(250, "2.0.0 Ok: stored, not delivered");
    public static readonly SmtpReply CannotVerify = new(252, "2.5.0 Send some mail, it will be taken");
    public static readonly SmtpReply Help = new(214, "2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT");

    public static readonly SmtpReply ReadyForTls = new(220, "2.0.0 Ready to start TLS");
    public static readonly SmtpReply LoggedIn = new(235, "2.7.0 Authentication successful");
    public static readonly SmtpReply AskForPlain = new(334, "");
    public static readonly SmtpReply AskForUsername = new(334, "VXNlcm5hbWU6");
    public static readonly SmtpReply AskForPassword = new(334, "UGFzc3dvcmQ6");

    public static readonly SmtpReply ShuttingDown = new(421, "4.3.2 Service shutting down, closing transmission channel");
    public static readonly SmtpReply IdleTooLong = new(421, "4.4.2 Timeout, closing transmission channel");
    public static readonly SmtpReply TooManyConnections = new(421, "4.7.0 Too many connections, closing transmission channel");
    public static readonly SmtpReply TooManyAtOnce = new(432, "4.3.2 Sender thread limit exceeded, too many mails at once");
    public static readonly SmtpReply TooFast = new(454, "Throttling failure: Maximum sending rate exceeded.");
    public static readonly SmtpReply NotSmtp = new(421, "4.7.0 This is SMTP, closing transmission channel");
    public static readonly SmtpReply TooManyRecipients = new(452, "4.5.3 Too many recipients");

    public static readonly SmtpReply LineTooLong = new(500, "5.5.2 Line too long");
    public static readonly SmtpReply UnknownCommand = new(500, "5.5.1 Command not recognized");
    public static readonly SmtpReply NotImplemented = new(502, "5.5.1 Command not implemented");
    public static readonly SmtpReply HeloNeedsName = new(501, "5.5.4 A domain or address literal must follow");
    public static readonly SmtpReply NoArgument = new(501, "5.5.4 No argument allowed");
    public static readonly SmtpReply BadChunk = new(501, "5.5.4 A size must follow, and LAST or nothing");
    public static readonly SmtpReply BadPath = new(501, "5.1.3 An address in angle brackets must follow the colon");
    public static readonly SmtpReply BadSender = new(501, "5.1.7 Sender address not well formed");
    public static readonly SmtpReply BadRecipient = new(501, "5.1.3 Recipient address not well formed");
    public static readonly SmtpReply BadParameter = new(501, "5.5.4 Parameter value not well formed");
    public static readonly SmtpReply UnknownParameter = new(555, "5.5.4 Parameter not recognized");
    public static readonly SmtpReply NeedsSmtpUtf8 = new(553, "5.6.7 Address beyond ASCII needs SMTPUTF8");
    public static readonly SmtpReply HeloFirst = new(503, "5.5.1 Send EHLO first");
    public static readonly SmtpReply MailFirst = new(503, "5.5.1 Send MAIL first");
    public static readonly SmtpReply RecipientFirst = new(503, "5.5.1 Send RCPT first; no valid recipients");
    public static readonly SmtpReply ChunksBegun = new(503, "5.5.1 Content has begun: send the rest by BDAT, or RSET");
    public static readonly SmtpReply NestedMail = new(503, "5.5.1 Sender already given");
    public static readonly SmtpReply TlsAlready = new(503, "5.5.1 TLS is already active");
    public static readonly SmtpReply LoggedInAlready = new(503, "5.5.1 Already authenticated");
    public static readonly SmtpReply NoLoginInMail = new(503, "5.5.1 AUTH not allowed during a mail");
    public static readonly SmtpReply TlsFirst = new(530, "5.7.0 Send STARTTLS first");
    public static readonly SmtpReply LoginFirst = new(530, "5.7.0 Authentication required");
    public static readonly SmtpReply UnknownMechanism = new(504, "5.5.4 Mechanism not known, take PLAIN or LOGIN");
    public static readonly SmtpReply LoginCanceled = new(501, "5.7.0 Authentication canceled");
    public static readonly SmtpReply BadBase64 = new(501, "5.5.2 Not valid base64");
    public static readonly SmtpReply LoginRefused = new(535, "5.7.8 Authentication credentials invalid");
    public static readonly SmtpReply TooBig = new(552, "5.3.4 Message bigger than allowed, see SIZE");
    public static readonly SmtpReply TextLineTooLong = new(554, "5.6.0 Message has a line of more than 1000 octets");

    private const string HostName = "mail-sink";

    /// <summary>The reply to EHLO, with the extensions that hold at this moment of the session.</summary>
    public static SmtpReply Ehlo(IEnumerable<string> extensions) => new(250, [HostName, .. extensions]);
}
