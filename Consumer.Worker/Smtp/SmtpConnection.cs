using System.Net.Sockets;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Consumer.Worker.Smtp;

/// <summary>
/// One connection to the mail server. MailKit speaks SMTP; this class owns the socket, bounds every wait, and turns what
/// happens into an outcome per recipient. Used by one mail at a time.
/// </summary>
internal sealed class SmtpConnection : SmtpClient
{
    private readonly RelayOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly Socket _socket;
    private SmtpDialogue? _dialogue;

    private SmtpConnection(RelayOptions options, TimeProvider timeProvider, Socket socket)
    {
        _options = options;
        _timeProvider = timeProvider;
        _socket = socket;
        LastUsed = timeProvider.GetTimestamp();
        CheckCertificateRevocation = options.CheckCertificateRevocation;
        if (!options.CheckCertificate)
#pragma warning disable CA5359 // The operator's own choice, said in the option and logged at start.
            ServerCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        if (!string.IsNullOrEmpty(options.LocalDomain))
            LocalDomain = options.LocalDomain;
        // Every wait is bounded here, by phase; MailKit's own clock must not cut in.
        Timeout = System.Threading.Timeout.Infinite;
    }

    /// <summary>How many mails were begun on it.</summary>
    public int Mails { get; private set; }

    /// <summary>When it was last used, as <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long LastUsed { get; private set; }

    /// <summary>
    /// Whether the next mail may use it. A server that closed it, or said something unasked for (421 before it shuts down),
    /// shows in the socket without a round trip.
    /// </summary>
    public bool IsAlive => IsConnected && !_socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Whether contents go by BDAT (RFC 3030).</summary>
    public bool Chunking => Capabilities.HasFlag(SmtpCapabilities.Chunking);

    /// <summary>BDAT wherever it may be: what the server offers, and what we allow, are in the capabilities.</summary>
    protected override bool PreferSendAsBinaryData => true;

    /// <summary>Connects, says EHLO, secures the connection and logs in.</summary>
    /// <param name="options">Where to, and how.</param>
    /// <param name="login">How to log in.</param>
    /// <param name="chunking">Whether contents may go by BDAT, where the server offers it.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SmtpUnavailableException">Any of it failed: no mail would pass now.</exception>
    public static async Task<SmtpConnection> OpenAsync(RelayOptions options, SmtpLogin login, bool chunking, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var phase = SmtpPhase.Connect;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var connection = new SmtpConnection(options, timeProvider, socket);
        try
        {
            await socket.ConnectAsync(options.Host, options.Port, either.Token);
            await connection.ConnectAsync(socket, options.Host, options.Port, MailKitOption(options.EffectiveSecurity), either.Token);
            phase = SmtpPhase.Authenticate;
            if (options.HasLogin)
                await login.LoginAsync(connection, either.Token);
            connection.SettleChunking(chunking);
            return connection;
        }
        // Broad on purpose: MailKit and the TLS stack fail in a dozen types, and whatever fails here fails for every mail.
        catch (Exception exception)
        {
            connection.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            var failure = FailureClassification.OfException(phase, exception);
            throw new SmtpUnavailableException(
                $"{failure} Check that {options.Host}:{options.Port} takes mail, and the options {options.Path}:Host, {options.Path}:Port, {options.Path}:Security, {options.Path}:Username and {options.Path}:Password.",
                exception)
            {
                Failure = failure,
            };
        }
    }

    /// <summary>Sends a mail. Failures of the server and of the network are in the result, a cancellation too: the replies that came before it are not lost.</summary>
    /// <param name="mail">The mail.</param>
    /// <param name="recipients">Who it goes to.</param>
    /// <param name="beforeData">Called right before DATA or BDAT. What it throws is rethrown: the mail is withheld, and this connection is not used again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<SmtpAttempt> SendAsync(OutgoingMail mail, IReadOnlyList<string> recipients, Action beforeData, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(_options.CommandTimeout, _timeProvider);
        using var givenUp = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), over);
        var reused = Mails++ > 0;
        var smtpUtf8 = Capabilities.HasFlag(SmtpCapabilities.UTF8);
        if (!smtpUtf8)
            mail.ToAscii();
        var envelope = Envelope.For(mail, recipients, smtpUtf8);
        if (envelope.Recipients.Count == 0)
            return new SmtpAttempt(SendResult.Of(recipients, envelope.Refused, null, null), Usable: true);

        _dialogue = new SmtpDialogue(envelope.Recipients.Count, Chunking, _options, over.CancelAfter, beforeData);
        SmtpReply? final = null;
        SmtpFailure? failure = null;
        try
        {
            var format = FormatOptions.Default.Clone();
            format.International = envelope.International;
            mail.Sign?.Invoke(format);
            var reply = await SendAsync(format, mail.Message, mail.Sender, envelope.Recipients, over.Token, _dialogue);
            final = SmtpReply.Parse((int)SmtpStatusCode.Ok, reply);
        }
        catch (MailKit.ServiceNotAuthenticatedException login) when (_dialogue.Phase == SmtpPhase.Recipient)
        {
            // One recipient's own 530, which MailKit takes for the end of the mail. The others were not sent to, and are asked for again.
            _dialogue.RecipientRefused(envelope.Recipients[_dialogue.Replies], SmtpReply.Parse(530, login.Message));
            recipients = [.. recipients.Where(envelope.RefusedWith(_dialogue.Refused).ContainsKey)];
        }
        catch (SmtpCommandException) when (_dialogue.Refused.Count == envelope.Recipients.Count)
        {
            // Each recipient was refused by itself: MailKit's own exception adds nothing.
        }
        catch (Exception exception) when (ReferenceEquals(exception, _dialogue.Withheld))
        {
            throw;
        }
        // Broad on purpose: whatever breaks the dialogue, where it was decides what that means for the mail.
        catch (Exception exception)
        {
            failure = exception is OperationCanceledException && cancellationToken.IsCancellationRequested
                ? FailureClassification.OfBreak(_dialogue.Phase, SmtpBreak.Canceled, "")
                : FailureClassification.OfException(_dialogue.Phase, exception);
        }

        LastUsed = _timeProvider.GetTimestamp();
        var result = SendResult.Of(recipients, envelope.RefusedWith(_dialogue.Refused), final, failure);
        // RFC 5321 section 4.2.2: syntax, not implemented, out of order; each is about the command, and none belongs to a content.
        var bdatRefused = Chunking && failure is { Phase: SmtpPhase.Content or SmtpPhase.FinalReply, Reply.Code: >= 500 and <= 504 };
        return new SmtpAttempt(
            result,
            // Whoever does not know BDAT may have taken its octets for commands.
            Usable: IsConnected && result.Failure?.Kind != FailureKind.DependencyUnavailable && !bdatRefused,
            Stale: reused && failure is not null && !_dialogue.HasReply && !over.IsCancellationRequested,
            bdatRefused,
            LoginOver: reused && result.Recipients.Any(recipient => recipient.Failure?.Verdict.OfItself is not null));
    }

    /// <summary>All of a mail is in memory, so there is nothing to wait for while it is measured.</summary>
    protected override Task<long> GetSizeAsync(FormatOptions options, MimeMessage message, CancellationToken cancellationToken) =>
        Task.FromResult(GetSize(options, message, cancellationToken));

    /// <inheritdoc />
    protected override void OnSenderAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) => _dialogue!.SenderAccepted();

    /// <inheritdoc />
    protected override void OnSenderNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response)
    {
        _dialogue!.SenderRefused(response);
        base.OnSenderNotAccepted(message, mailbox, response);
    }

    /// <inheritdoc />
    protected override void OnRecipientAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) => _dialogue!.RecipientAccepted();

    /// <summary>One recipient that is refused does not end the mail for the others; a server that takes no mail at all does.</summary>
    protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response)
    {
        var reply = SmtpReply.From(response);
        if (FailureClassification.OfReply(SmtpPhase.Recipient, reply).Verdict is { Kind: FailureKind.DependencyUnavailable, OfItself: null })
            base.OnRecipientNotAccepted(message, mailbox, response);
        _dialogue!.RecipientRefused(mailbox, reply);
    }

    /// <summary>Asks whether the server takes the sender that every server must take (RFC 5321 section 4.5.5), and withdraws the question: no mail.</summary>
    /// <returns>Its refusal, where it asks for a login, is not available or in trouble itself; else none. The connection may be over then.</returns>
    public async Task<SmtpReply?> AskForSenderAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.CommandTimeout, _timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var reply = SmtpReply.From(await SendCommandAsync("MAIL FROM:<>", either.Token));
        if (reply.Code == FailureClassification.ServiceNotAvailable)
            return reply;
        await SendCommandAsync("RSET", either.Token);
        return FailureClassification.MayRefuseAllSenders(reply) || (reply.Code >= 400 && FailureClassification.OfReply(SmtpPhase.Mail, reply).Verdict.OfItself is not null) ? reply : null;
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            _socket.Dispose();
    }

    /// <summary>
    /// MailKit takes BINARYMIME alone for leave to say BDAT, and says it whatever is preferred once a part is made binary for it;
    /// RFC 3030 section 3 has it only together with CHUNKING.
    /// </summary>
    private void SettleChunking(bool allowed)
    {
        if (!allowed || !Chunking)
            Capabilities &= ~(SmtpCapabilities.Chunking | SmtpCapabilities.BinaryMime);
    }

    private static SecureSocketOptions MailKitOption(SmtpSecurity security) => security switch
    {
        SmtpSecurity.None => SecureSocketOptions.None,
        SmtpSecurity.StartTls => SecureSocketOptions.StartTls,
        SmtpSecurity.Tls => SecureSocketOptions.SslOnConnect,
        _ => SecureSocketOptions.StartTlsWhenAvailable,
    };
}

/// <summary>A send on one connection.</summary>
/// <param name="Result">What became of the mail.</param>
/// <param name="Usable">Whether the connection can take another mail.</param>
/// <param name="Stale">Whether it was the connection's end after lying idle that failed, and not the mail: the server has replied to nothing of it.</param>
/// <param name="BdatRefused">Whether the server, which had offered BDAT, did not know it: it has taken nothing, and has said nothing of the mail.</param>
/// <param name="LoginOver">Whether a connection that had been logged in for a while wants a login: a new one tells whether the login is over, or the mail is meant.</param>
internal readonly record struct SmtpAttempt(SendResult Result, bool Usable, bool Stale = false, bool BdatRefused = false, bool LoginOver = false);
