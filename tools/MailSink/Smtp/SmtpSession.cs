using MailSink.Mails;
using MailSink.Rules;

namespace MailSink.Smtp;

/// <summary>The dialogue with one client (RFC 5321), command by command. What rules ask for comes before what the command would do.</summary>
internal sealed class SmtpSession(SmtpConnection connection, SmtpServices services, long number) : IDisposable
{
    /// <summary>RFC 5321 asks for 512 at least, AUTH for 12,288 (RFC 4954, 4).</summary>
    private const int LongestCommand = 12 * 1024;

    private readonly SmtpConnection _connection = connection;
    private readonly SmtpServices _services = services;
    private readonly long _number = number;
    private readonly MailBuffer _mail = new(services.Options.MaxMessageBytes);
    private string? _helo;
    private string? _username;
    private bool _isCounted;

    // A mail is under way as long as there is an envelope.
    private Envelope? Current
    {
        get;
        set
        {
            field = value;
            if (value is null && _isCounted)
                _services.Limits.End();
            _isCounted &= value is not null;
        }
    }

    private bool TlsMissing => _services.Options.Tls == SinkTls.StartTlsRequired && !_connection.IsTls;

    private bool LoginOffered => _services.Options.Username is { Length: > 0 } && !TlsMissing;

    /// <summary>Speaks with the client until one of both ends it.</summary>
    public async Task RunAsync()
    {
        if (_services.Options.Tls == SinkTls.Implicit)
            await UpgradeAsync();

        if (await ReplyAsync(SmtpStage.Connect, () => Replies.Greeting, refusalEnds: true))
        {
            while (await NextAsync())
            {
            }
        }

        await _connection.FlushAsync();
    }

    /// <summary>Forgets the mail that is under way, as the session is over.</summary>
    public void Dispose() => Current = null;

    private async ValueTask<bool> NextAsync()
    {
        var input = await _connection.ReadLineAsync(LongestCommand);
        return input.Kind == SmtpInputKind.Line ? await ObeyAsync(CommandLine.Parse(input.Text)) : SayWhy(input.Kind);
    }

    /// <returns>Whether the session goes on.</returns>
    private ValueTask<bool> ObeyAsync(CommandLine command) => command.Verb switch
    {
        "EHLO" => HelloAsync(command.Argument, extended: true),
        "HELO" => HelloAsync(command.Argument, extended: false),
        "STARTTLS" when _services.Options.Tls is SinkTls.StartTls or SinkTls.StartTlsRequired => StartTlsAsync(command.Argument),
        "AUTH" when LoginOffered => LoginAsync(command.Argument),
        "MAIL" => MailAsync(command.Argument),
        "RCPT" => RecipientAsync(command.Argument),
        "DATA" => DataAsync(command.Argument),
        "BDAT" when _services.Options.Chunking => ChunkAsync(command.Argument),
        "RSET" => ReplyAsync(SmtpStage.Rset, Reset),
        "NOOP" => ReplyAsync(SmtpStage.Noop, () => Replies.Ok),
        "QUIT" => ReplyAsync(SmtpStage.Quit, () => Replies.Bye),
        "VRFY" => Said(Replies.CannotVerify),
        "HELP" => Said(Replies.Help),
        "EXPN" or "BDAT" or "ETRN" or "TURN" or "AUTH" or "STARTTLS" => Said(Replies.NotImplemented),
        // A browser made to post here could otherwise smuggle commands in the body.
        "GET" or "POST" or "PUT" or "HEAD" or "OPTIONS" or "CONNECT" => Said(Replies.NotSmtp),
        _ => Said(Replies.UnknownCommand),
    };

    private ValueTask<bool> HelloAsync(string name, bool extended)
    {
        if (name.Length == 0)
            return Said(Replies.HeloNeedsName);

        return ReplyAsync(SmtpStage.Ehlo, () =>
        {
            (_helo, Current) = (name, null);
            return extended ? Replies.Ehlo(Extensions()) : Replies.Helo;
        });
    }

    private IEnumerable<string> Extensions()
    {
        yield return "PIPELINING";
        yield return FormattableString.Invariant($"SIZE {_services.Options.MaxMessageBytes}");
        yield return "8BITMIME";
        if (_services.Options.Chunking)
            yield return "CHUNKING";
        yield return "SMTPUTF8";
        yield return "ENHANCEDSTATUSCODES";
        if (_services.Options.Tls is SinkTls.StartTls or SinkTls.StartTlsRequired && !_connection.IsTls)
            yield return "STARTTLS";
        if (LoginOffered)
            yield return "AUTH PLAIN LOGIN";
    }

    private async ValueTask<bool> StartTlsAsync(string argument)
    {
        if (argument.Length > 0)
            return Say(Replies.NoArgument);
        if (_connection.IsTls)
            return Say(Replies.TlsAlready);

        var upgrade = false;
        if (!await ReplyAsync(SmtpStage.StartTls, () =>
            {
                upgrade = true;
                return Replies.ReadyForTls;
            }))
        {
            return false;
        }

        if (upgrade)
        {
            await UpgradeAsync();
            // What was said in plain text is forgotten (RFC 3207, 4.2).
            (_helo, _username, Current) = (null, null, null);
        }

        return true;
    }

    private async Task UpgradeAsync()
    {
        await _connection.UpgradeAsync(_services.Certificate!);
        _services.Counters.CountTls();
    }

    private async ValueTask<bool> LoginAsync(string argument)
    {
        if (_helo is null)
            return Say(Replies.HeloFirst);
        if (_username is not null)
            return Say(Replies.LoggedInAlready);
        if (Current is not null)
            return Say(Replies.NoLoginInMail);

        var outcome = await LoginDialogue.RunAsync(_connection, argument, LongestCommand);
        return outcome switch
        {
            { Credentials: { } credentials } => await JudgeAsync(credentials),
            { Refusal: { } refusal } => Say(refusal),
            _ => SayWhy(outcome.Input),
        };
    }

    private ValueTask<bool> JudgeAsync(Credentials credentials) => ReplyAsync(SmtpStage.Auth, () =>
    {
        if (!credentials.Match(_services.Options))
            return Replies.LoginRefused;
        _username = credentials.Username;
        return Replies.LoggedIn;
    });

    private ValueTask<bool> MailAsync(string argument)
    {
        if (WhyNoMail() is { } notNow)
            return Said(notNow);
        var (envelope, wrong) = EnvelopeCommands.Mail(argument, _services.Options.MaxMessageBytes, LoginOffered);
        if (envelope is null)
            return Said(wrong!);

        return ReplyAsync(
            SmtpStage.Mail,
            () =>
            {
                if (!_services.Limits.TryBegin())
                    return Replies.TooManyAtOnce;
                (Current, _isCounted) = (envelope, true);
                return Replies.SenderOk;
            },
            sender: envelope.Sender);
    }

    private SmtpReply? WhyNoMail()
    {
        if (_helo is null)
            return Replies.HeloFirst;
        if (TlsMissing)
            return Replies.TlsFirst;
        if (LoginOffered && _username is null)
            return Replies.LoginFirst;
        return Current is null ? null : Replies.NestedMail;
    }

    private ValueTask<bool> RecipientAsync(string argument)
    {
        if (Current is not { } envelope)
            return Said(Replies.MailFirst);
        if (envelope.IsChunked)
            return Said(Replies.ChunksBegun);
        var (recipient, wrong) = EnvelopeCommands.Recipient(argument, envelope, _services.Options.MaxRecipients);
        if (wrong is not null)
            return Said(wrong);

        return ReplyAsync(
            SmtpStage.Rcpt,
            () =>
            {
                envelope.Recipients.Add(recipient);
                return Replies.RecipientOk;
            },
            recipients: [recipient]);
    }

    private async ValueTask<bool> DataAsync(string argument)
    {
        if (argument.Length > 0)
            return Say(Replies.NoArgument);
        if (WhyNoContent() is { } notNow)
            return Say(notNow);
        if (Current!.IsChunked)
            return Say(Replies.ChunksBegun);
        if (await DecideAsync(SmtpStage.Data, () => Replies.StartMail) is not { } reply || !Say(reply))
            return false;
        if (reply != Replies.StartMail)
            return true;

        _mail.Reset();
        var input = await _connection.ReadMailAsync(new DataDecoder(_mail));
        return input.Kind == SmtpInputKind.Line ? await EndAsync(Current) : SayWhy(input.Kind);
    }

    /// <summary>A part of the mail by BDAT (RFC 3030, 2). Its octets follow the line, and are read also where it is refused.</summary>
    private async ValueTask<bool> ChunkAsync(string argument)
    {
        if (ChunkArgument.Parse(argument) is not { } chunk)
            return Say(Replies.BadChunk);

        var refusal = chunk.IsWellFormed ? WhyNoContent() : Replies.BadChunk;
        if (refusal is null && !Current!.IsChunked)
        {
            // Before anything of the content is read: what rules ask for at DATA.
            if (await DecideAsync(SmtpStage.Data, () => Replies.StartMail) is not { } reply)
                return false;
            refusal = reply == Replies.StartMail ? null : reply;
            Current.IsChunked = true;
            _mail.Reset();
        }

        var input = await _connection.ReadChunkAsync(chunk.Size, refusal is null ? _mail : null);
        if (input.Kind != SmtpInputKind.Line)
            return SayWhy(input.Kind);
        if (refusal is null && chunk.IsLast)
            return await EndAsync(Current!);

        refusal ??= _mail.IsTooBig ? Replies.TooBig : null;
        // A chunk refused is a mail refused; those that were sent ahead are refused with it.
        if (refusal is not null)
            Current = null;
        return Say(refusal ?? Replies.ChunkTaken);
    }

    private SmtpReply? WhyNoContent() => Current switch
    {
        null => Replies.MailFirst,
        { Recipients.Count: 0 } => Replies.RecipientFirst,
        _ => null,
    };

    private async ValueTask<bool> EndAsync(Envelope envelope)
    {
        var goOn = await ReplyAsync(SmtpStage.EndOfData, () => Store(envelope));
        Current = null;
        return goOn;
    }

    private SmtpReply Store(Envelope envelope)
    {
        if (_mail.IsTooBig)
            return Replies.TooBig;
        if (_mail.HasLineTooLong)
            return Replies.TextLineTooLong;
        if (!_services.Limits.TryTake())
            return Replies.TooFast;

        var mail = new ReceivedMail(_services.Time.GetUtcNow(), envelope.Sender, envelope.Recipients, _mail.ToArray())
        {
            Connection = _number,
            Client = _connection.Client,
            Helo = _helo!,
            Username = _username,
            IsTls = _connection.IsTls,
            IsChunked = envelope.IsChunked,
        };
        _services.Mails.Add(mail);
        _services.Counters.CountMail(mail);
        return Replies.Stored;
    }

    private SmtpReply Reset()
    {
        Current = null;
        return Replies.Ok;
    }

    /// <summary>Does what the command asks and replies, unless a rule says otherwise.</summary>
    private async ValueTask<bool> ReplyAsync(
        SmtpStage stage, Func<SmtpReply> act, string? sender = null, IReadOnlyList<string>? recipients = null, bool refusalEnds = false) =>
        await DecideAsync(stage, act, sender, recipients) is { } reply && Say(reply) && !(refusalEnds && reply.Code >= 400);

    /// <summary>Does what the command asks, unless a rule wants otherwise.</summary>
    /// <returns>The reply to be given; null where the session ends without one.</returns>
    private async ValueTask<SmtpReply?> DecideAsync(
        SmtpStage stage, Func<SmtpReply> act, string? sender = null, IReadOnlyList<string>? recipients = null)
    {
        recipients ??= Current is { } envelope ? envelope.Recipients : [];
        var moment = new SmtpMoment(stage, _number, sender ?? Current?.Sender, recipients);
        var action = _services.Script.Decide(moment) ?? _services.AddressRules.Decide(stage, recipients);
        if (action is null)
            return act();

        _services.Counters.CountRule();
        if (action.Delay > TimeSpan.Zero)
            await _connection.DelayAsync(action.Delay);

        switch (action.Ending)
        {
            case RuleEnding.DropBefore:
                return null;
            case RuleEnding.DropAfter:
                act();
                _services.Counters.CountReplyLost();
                return null;
            case RuleEnding.Hang:
                await _connection.WaitForEndAsync();
                return null;
            default:
                var reply = action.GivenReply ?? act();
                if (action.Until is { } until)
                    await _connection.HoldAsync(until);
                return reply;
        }
    }

    /// <returns>Whether the session goes on after this reply.</returns>
    private bool Say(SmtpReply reply)
    {
        _connection.Write(reply);
        _services.Counters.CountReply(reply.Code);
        return !reply.EndsSession;
    }

    private ValueTask<bool> Said(SmtpReply reply) => ValueTask.FromResult(Say(reply));

    private bool SayWhy(SmtpInputKind kind) => kind switch
    {
        SmtpInputKind.TooLong => Say(Replies.LineTooLong),
        SmtpInputKind.TimedOut => Say(Replies.IdleTooLong),
        SmtpInputKind.Stopping => Say(Replies.ShuttingDown),
        _ => false,
    };
}
