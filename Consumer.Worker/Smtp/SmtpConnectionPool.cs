using Consumer.Worker.Smtp.Pace;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Consumer.Worker.Smtp;

/// <summary>
/// The connections to the mail server: at most <see cref="RelayOptions.MaxConnections"/>, and as many as the server allows, opened when needed, reused while they are
/// used, closed after <see cref="RelayOptions.MaxMailsPerConnection"/> mails or <see cref="RelayOptions.IdleTimeout"/>. The last
/// one returned is taken first, so that those not needed fall idle.
/// </summary>
internal sealed class SmtpConnectionPool : IAsyncDisposable
{
    private readonly RelayOptions _options;
    private readonly SmtpAvailability _availability;
    private readonly SmtpLogin _login;
    private readonly TimeProvider _timeProvider;
    private readonly Stack<SmtpConnection> _idle = [];
    private readonly ITimer _sweep;
    private volatile bool _chunking;
    private int _open;
    private int _opening;
    private bool _disposed;

    /// <param name="options">The mail server.</param>
    /// <param name="availability">Is told whether it lets the worker in.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="pace">How fast, and how many at once; null: one of its own.</param>
    /// <param name="login">How connections log in; null: by the options alone.</param>
    public SmtpConnectionPool(
        IOptions<RelayOptions> options, SmtpAvailability availability, TimeProvider timeProvider, SmtpPace? pace = null, SmtpLogin? login = null)
    {
        _options = options.Value;
        _chunking = _options.Chunking;
        _availability = availability;
        _login = login ?? new SmtpLogin(options, availability);
        _timeProvider = timeProvider;
        Pace = pace ?? new SmtpPace(options, timeProvider, NullLogger<SmtpPace>.Instance);
        _sweep = timeProvider.CreateTimer(_ => CloseIdle(), null, _options.IdleTimeout, _options.IdleTimeout / 2);
    }

    /// <summary>How fast, and how many at once.</summary>
    public SmtpPace Pace { get; }

    /// <summary>What is known of the server.</summary>
    public KnownServer Server => _availability.Server;

    /// <summary>Whether connections log in.</summary>
    public bool HasLogin => _options.HasLogin;

    /// <summary>The connections that are open, or being opened, beside the one that is being opened.</summary>
    private int Others => Volatile.Read(ref _open) + Volatile.Read(ref _opening) - 1;

    /// <summary>Waits for a place and for the pace, and returns a connection.</summary>
    /// <param name="fresh">Whether it must be a new one: the last one taken from the pool had been closed by the server.</param>
    /// <param name="party">Who waits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SmtpUnavailableException">A new one was needed and could not be opened.</exception>
    public async Task<PooledConnection> RentAsync(bool fresh, Party party, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        PacedMail? mail = null;
        for (var paced = false; ; fresh = false)
        {
            await Pace.Connections.WaitAsync(party, cancellationToken);
            try
            {
                if (!paced)
                    mail = await Pace.TakeAsync(party, cancellationToken);
                paced = true;
                if ((fresh ? await OpenInPlaceOfIdleAsync(mayBeOneTooMany: true, cancellationToken) : TakeIdle() ?? await TryOpenAsync(mayBeOneTooMany: true, cancellationToken)) is { } connection)
                    return new PooledConnection(this, connection, mail);
            }
            catch
            {
                Pace.Connections.Release();
                throw;
            }

            // One connection too many: the mail waits for one of those that the server allows.
            Pace.Connections.Release();
        }
    }

    /// <summary>
    /// Finds out whether the server takes mail, by a new connection; never by a mail. It has a place as a mail has, and an idle connection
    /// makes room for it, so that it is never the one too many. An idle one by itself tells nothing: a server that shuts down says 421 to
    /// MAIL, and 250 to NOOP.
    /// </summary>
    /// <exception cref="SmtpUnavailableException">It does not; the message says what failed.</exception>
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        var hasPlace = await TryTakePlaceAsync(cancellationToken);
        try
        {
            // Without a place it may well be one too many; those that have all of them are then what speaks for the server.
            if (await OpenInPlaceOfIdleAsync(mayBeOneTooMany: !hasPlace, cancellationToken) is not { } connection)
                return;
            await AskForSenderAsync(connection, cancellationToken);
            if (!TryKeep(connection))
                await CloseAsync(connection);
        }
        finally
        {
            if (hasPlace)
                Pace.Connections.Release();
        }
    }

    /// <summary>Where every mail is refused at its sender all is well up to here.</summary>
    private async Task AskForSenderAsync(SmtpConnection connection, CancellationToken cancellationToken)
    {
        if (Server.RefusesSenders && await WhyNoSenderAsync(connection, cancellationToken) is { } reason)
            await _availability.ObserveAsync<SmtpConnection>(() => throw new SmtpUnavailableException(reason));
        Server.RefusesSenders = false;
    }

    /// <summary>Why the server takes no sender; null where it does. A connection that is of no use any more is closed.</summary>
    private async Task<string?> WhyNoSenderAsync(SmtpConnection connection, CancellationToken cancellationToken)
    {
        string reason;
        try
        {
            switch (await connection.AskForSenderAsync(cancellationToken))
            {
                case { } refusal when refusal.Code == FailureClassification.ServiceNotAvailable || FailureClassification.MayRefuseAllSenders(refusal):
                    reason = $"The mail server takes connections, and no mail: {refusal}";
                    break;
                case { } refusal when !HasLogin:
                    reason = $"The mail server takes no mail without a login: {refusal}. Set {_options.Path}:Username and {_options.Path}:Password.";
                    break;
                default:
                    return null;
            }
        }
        // Broad on purpose, as where a connection is opened: what fails here fails for every mail.
        catch (Exception exception)
        {
            await CloseAsync(connection);
            cancellationToken.ThrowIfCancellationRequested();
            return $"The mail server takes connections, and no mail: {FailureClassification.OfException(SmtpPhase.Mail, exception)}";
        }

        await CloseAsync(connection);
        return reason;
    }

    /// <summary>From now on contents go by DATA: the server does not know BDAT, whatever it offers. Says whether that is news.</summary>
    public bool GiveUpChunking()
    {
        if (!Interlocked.Exchange(ref _chunking, false))
            return false;
        CloseIdle(all: true);
        return true;
    }

    /// <summary>Closes all that lie idle; those in use are closed when they are returned.</summary>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        await _sweep.DisposeAsync();
        CloseIdle(all: true);
        // The places are not disposed: connections still in use release theirs after this.
    }

    internal void Return(SmtpConnection connection, bool usable)
    {
        if (usable && TryKeep(connection))
            Pace.Connections.Release();
        else
            _ = CloseAndReleaseAsync(connection);
    }

    /// <summary>Where the server counts connections, the next one is opened when it has seen the end of this one.</summary>
    private async Task CloseAndReleaseAsync(SmtpConnection connection)
    {
        var closing = CloseAsync(connection);
        if (Pace.AreConnectionsLimited)
            await closing;
        Pace.Connections.Release();
    }

    /// <summary>Makes a connection idle, where another mail may use it.</summary>
    private bool TryKeep(SmtpConnection connection)
    {
        var isReusable = connection.IsAlive && connection.Mails < _options.MaxMailsPerConnection && (_chunking || !connection.Chunking)
            && Volatile.Read(ref _open) <= Pace.Connections.Limit;
        lock (_idle)
        {
            // Looked at under the lock: either disposal sees the connection among the idle ones, or it is closed here.
            isReusable = isReusable && !_disposed;
            if (isReusable)
                _idle.Push(connection);
        }

        return isReusable;
    }

    /// <returns>Null where the server refused it as one too many: others are open, or are being opened.</returns>
    private async Task<SmtpConnection?> TryOpenAsync(bool mayBeOneTooMany, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _opening);
        var othersBefore = Others;
        try
        {
            return await _availability.ObserveAsync<SmtpConnection?>(async () =>
            {
                try
                {
                    var connection = await SmtpConnection.OpenAsync(_options, _login, _chunking, _timeProvider, cancellationToken);
                    Interlocked.Increment(ref _open);
                    // How many a server allows that comes back is to be learned anew.
                    if (_availability.Current is not null)
                        Pace.ForgetConnections();
                    return connection;
                }
                catch (SmtpUnavailableException exception) when (mayBeOneTooMany && IsOneTooMany(exception.Failure, othersBefore))
                {
                    return null;
                }
            });
        }
        finally
        {
            Interlocked.Decrement(ref _opening);
        }
    }

    /// <summary>
    /// Whether the server refused a connection since there are others. Those that were being opened beside it count as well, whatever became
    /// of them: a server may refuse a burst whole, and the last one is then one too many, too. Only one that is refused alone says that
    /// the server is away.
    /// </summary>
    /// <param name="failure">How the connection failed.</param>
    /// <param name="othersBefore">How many others there were when it was begun.</param>
    private bool IsOneTooMany(SmtpFailure? failure, int othersBefore)
    {
        if (failure is not { Phase: <= SmtpPhase.Authenticate, Reply: { } reply })
            return false;
        var others = Others;
        var isRefusal = failure.Phase == SmtpPhase.Connect && reply.Code == FailureClassification.ServiceNotAvailable;
        if (Math.Max(others, othersBefore) <= 0 || !(isRefusal || Pace.Replies.Of(failure.Phase, reply) is not null))
            return false;
        Pace.OnConnectionRefused(others, reply);
        return true;
    }

    /// <summary>A new one where a stale one was met. An idle one makes room for it, which is perhaps stale as well.</summary>
    private async Task<SmtpConnection?> OpenInPlaceOfIdleAsync(bool mayBeOneTooMany, CancellationToken cancellationToken)
    {
        SmtpConnection? idle;
        lock (_idle)
            _idle.TryPop(out idle);
        if (idle is not null)
            await CloseAsync(idle);
        return await TryOpenAsync(mayBeOneTooMany, cancellationToken);
    }

    /// <summary>Before all mails that wait; where none is free in time the probe does without.</summary>
    private async Task<bool> TryTakePlaceAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await Pace.Connections.WaitFirstAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private SmtpConnection? TakeIdle()
    {
        while (true)
        {
            SmtpConnection? connection;
            lock (_idle)
                _idle.TryPop(out connection);
            if (connection is null || (connection.IsAlive && !IsIdleTooLong(connection)))
                return connection;
            Close(connection);
        }
    }

    private void CloseIdle(bool all = false)
    {
        List<SmtpConnection> closing;
        lock (_idle)
        {
            closing = _idle.Where(connection => all || IsIdleTooLong(connection) || !connection.IsAlive).ToList();
            var remaining = _idle.Except(closing).Reverse().ToList();
            _idle.Clear();
            remaining.ForEach(_idle.Push);
        }

        closing.ForEach(Close);
    }

    private bool IsIdleTooLong(SmtpConnection connection) => _timeProvider.GetElapsedTime(connection.LastUsed) >= _options.IdleTimeout;

    /// <summary>Says QUIT where the server still listens, without anybody waiting for its reply, and closes.</summary>
    private void Close(SmtpConnection connection) => _ = CloseAsync(connection);

    private async Task CloseAsync(SmtpConnection connection)
    {
        using (connection)
        {
            try
            {
                using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(1));
                if (connection.IsAlive)
                    await connection.DisconnectAsync(quit: true, timeout.Token);
            }
            // Broad on purpose: nothing depends on this connection any more, however its end goes.
            catch (Exception)
            {
                connection.Dispose();
            }
            finally
            {
                Interlocked.Decrement(ref _open);
            }
        }
    }
}

/// <summary>A connection in use. Disposing it returns it to the pool; it is closed unless it is marked usable.</summary>
internal sealed class PooledConnection(SmtpConnectionPool pool, SmtpConnection connection, PacedMail? mail) : IDisposable
{
    private bool _returned;

    public SmtpConnection Connection => connection;

    /// <summary>Whether another mail may use it.</summary>
    public bool Usable { get; set; }

    public void Dispose()
    {
        if (_returned)
            return;
        _returned = true;
        if (mail is not null)
            pool.Pace.End(mail);
        pool.Return(connection, Usable);
    }
}
