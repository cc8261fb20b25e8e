using Microsoft.Extensions.Options;

namespace Consumer.Worker.Smtp;

/// <summary>
/// The connections to the mail server: at most <see cref="SmtpOptions.MaxConnections"/>, opened when needed, reused while they are
/// used, closed after <see cref="SmtpOptions.MaxMailsPerConnection"/> mails or <see cref="SmtpOptions.IdleTimeout"/>. The last
/// one returned is taken first, so that those not needed fall idle.
/// </summary>
internal sealed class SmtpConnectionPool : IAsyncDisposable
{
    private readonly SmtpOptions _options;
    private readonly SmtpAvailability _availability;
    private readonly SmtpLogin _login;
    private readonly TimeProvider _timeProvider;
    private readonly SemaphoreSlim _places;
    private readonly Stack<SmtpConnection> _idle = [];
    private readonly ITimer _sweep;
    private volatile bool _chunking;
    private bool _disposed;

    public SmtpConnectionPool(IOptions<SmtpOptions> options, SmtpAvailability availability, TimeProvider timeProvider, SmtpLogin? login = null)
    {
        _options = options.Value;
        _chunking = _options.Chunking;
        _availability = availability;
        _login = login ?? new SmtpLogin(options, availability);
        _timeProvider = timeProvider;
        _places = new SemaphoreSlim(_options.MaxConnections);
        _sweep = timeProvider.CreateTimer(_ => CloseIdle(), null, _options.IdleTimeout, _options.IdleTimeout / 2);
    }

    /// <summary>What is known of the server.</summary>
    public KnownServer Server => _availability.Server;

    /// <summary>Whether connections log in.</summary>
    public bool HasLogin => _options.HasLogin;

    /// <summary>Waits for a place and returns a connection.</summary>
    /// <param name="fresh">Whether it must be a new one: the last one taken from the pool had been closed by the server.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SmtpUnavailableException">A new one was needed and could not be opened.</exception>
    public async Task<PooledConnection> RentAsync(bool fresh, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await _places.WaitAsync(cancellationToken);
        try
        {
            var connection = fresh ? null : TakeIdle();
            return new PooledConnection(this, connection ?? await OpenAsync(cancellationToken));
        }
        catch
        {
            _places.Release();
            throw;
        }
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
        var isReusable = usable && connection.IsAlive && connection.Mails < _options.MaxMailsPerConnection && (_chunking || !connection.Chunking);
        lock (_idle)
        {
            // Looked at under the lock: either disposal sees the connection among the idle ones, or it is closed here.
            isReusable = isReusable && !_disposed;
            if (isReusable)
                _idle.Push(connection);
        }

        if (!isReusable)
            Close(connection);
        _places.Release();
    }

    private Task<SmtpConnection> OpenAsync(CancellationToken cancellationToken) =>
        _availability.ObserveAsync(() => SmtpConnection.OpenAsync(_options, _login, _chunking, _timeProvider, cancellationToken));

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
    private static void Close(SmtpConnection connection) => _ = CloseAsync(connection);

    private static async Task CloseAsync(SmtpConnection connection)
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
        }
    }
}

/// <summary>A connection in use. Disposing it returns it to the pool; it is closed unless it is marked usable.</summary>
internal sealed class PooledConnection(SmtpConnectionPool pool, SmtpConnection connection) : IDisposable
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
        pool.Return(connection, Usable);
    }
}
