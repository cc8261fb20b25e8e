using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MailSink.Counting;
using MailSink.Mails;
using MailSink.Rules;
using MailSink.Smtp;
using Microsoft.Extensions.Logging.Abstractions;

namespace MailSink;

/// <summary>
/// An SMTP server that stores what it gets and fails on request; in process for tests, and what the program hosts.
/// Owns its sockets and sessions; disposing ends them.
/// </summary>
/// <example><c>await using var sink = SmtpSink.StartOnFreePort();</c></example>
public sealed class SmtpSink : IAsyncDisposable
{
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(2);

    private readonly SmtpServices _services;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<long, (SmtpConnection Connection, Task Ended)> _sessions = new();
    private readonly Lock _lock = new();
    private ListeningSocket? _listener;
    private Task _accepting = Task.CompletedTask;
    private long _lastNumber;
    private int _served;
    private bool _stopped;

    /// <param name="options">What to listen on, store and allow.</param>
    /// <param name="timeProvider">The clock for received times, rules and time-outs; the system's if null.</param>
    /// <param name="logger">Where to log; nowhere if null.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">An option is out of its range.</exception>
    public SmtpSink(SinkOptions options, TimeProvider? timeProvider = null, ILogger<SmtpSink>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        SinkOptionsValidator.ThrowIfInvalid(options);
        timeProvider ??= TimeProvider.System;
        _logger = logger ?? NullLogger<SmtpSink>.Instance;
        Certificate = options.Tls == SinkTls.None ? null : SelfSignedCertificate.Create(timeProvider.GetUtcNow());
        _services = new SmtpServices(
            options,
            timeProvider,
            new MailStore(options.MaxMessages, options.MaxStoredBytes),
            new SinkCounters(),
            new SmtpScript(timeProvider),
            new AddressRules(),
            new MailLimits(options, timeProvider),
            Certificate);
    }

    /// <summary>The port that SMTP is spoken on; known once started.</summary>
    /// <exception cref="InvalidOperationException">Not started.</exception>
    public int Port => Listener.Port;

    /// <summary>What was received and is still stored.</summary>
    public MailStore Mails => _services.Mails;

    /// <summary>How the server misbehaves.</summary>
    public SmtpScript Script => _services.Script;

    /// <summary>What the server saw since its start.</summary>
    public SinkCounters Counters => _services.Counters;

    /// <summary>The certificate shown in TLS, so that a client can trust it; null where <see cref="SinkOptions.Tls"/> is None.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>Whether connections are taken: started, and not paused.</summary>
    public bool IsListening
    {
        get
        {
            lock (_lock)
                return !_stopped && _listener is { IsListening: true };
        }
    }

    private ListeningSocket Listener => _listener ?? throw new InvalidOperationException("The sink is not started: call Start first.");

    /// <summary>Makes a sink on a free port of 127.0.0.1 and starts it.</summary>
    /// <param name="configure">Changes the other options.</param>
    /// <param name="timeProvider">The clock; the system's if null.</param>
    public static SmtpSink StartOnFreePort(Action<SinkOptions>? configure = null, TimeProvider? timeProvider = null)
    {
        var options = new SinkOptions { SmtpPort = 0 };
        configure?.Invoke(options);
        var sink = new SmtpSink(options, timeProvider);
        sink.Start();
        return sink;
    }

    /// <summary>Begins to take connections.</summary>
    /// <exception cref="SinkStartException">The address cannot be listened on.</exception>
    public void Start()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            if (_listener is not null)
                throw new InvalidOperationException("The sink is started already.");
            _listener = new ListeningSocket(new IPEndPoint(IPAddress.Parse(_services.Options.BindAddress), _services.Options.SmtpPort));
            _accepting = AcceptAsync(_listener);
        }
    }

    /// <summary>Refuses connections, as a server that is down; the port stays this sink's.</summary>
    /// <param name="dropConnections">Also cuts the connections that are open.</param>
    public void PauseListening(bool dropConnections = false)
    {
        lock (_lock)
        {
            if (!_stopped && Listener.IsListening)
                Listener.Pause();
        }

        if (dropConnections)
            DropConnections();
    }

    /// <summary>Takes connections again, on the same port.</summary>
    public void ResumeListening()
    {
        lock (_lock)
        {
            if (_stopped || Listener.IsListening)
                return;
            Listener.Resume();
            _accepting = AcceptAsync(Listener);
        }
    }

    /// <summary>Cuts all open connections without a word.</summary>
    public void DropConnections()
    {
        foreach (var (connection, _) in _sessions.Values)
            connection.Abort();
    }

    /// <summary>Stops: no more connections; clients that are idle get 421, a mail under way is not taken.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_stopped)
                return;
            _stopped = true;
            _listener?.Dispose();
        }

        await _accepting;
        var sessions = _sessions.Values.ToArray();
        foreach (var (connection, _) in sessions)
            connection.Stop();

        var ended = Task.WhenAll(sessions.Select(session => session.Ended));
        try
        {
            await ended.WaitAsync(StopGrace, _services.Time);
        }
        catch (TimeoutException)
        {
            // Clients that do not read their good-bye.
            DropConnections();
            await ended;
        }

        Certificate?.Dispose();
    }

    private async Task AcceptAsync(ListeningSocket listener)
    {
        // A pause puts another socket in the place of this one, which tells this loop from the one that the resume begins.
        var socket = listener.Socket;
        while (true)
        {
            try
            {
                Begin(await socket.AcceptAsync());
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                if (!IsListening || listener.Socket != socket)
                    return;

                // Out of file handles, or a client gone before it was taken: neither may end the server.
                _logger.LogWarning(exception, "SMTP could not take a connection; going on");
                await Task.Delay(TimeSpan.FromMilliseconds(50), _services.Time);
            }
        }
    }

    private void Begin(Socket socket)
    {
        var connection = new SmtpConnection(socket, _services.Options.IdleTimeout, _services.Time);
        var number = Interlocked.Increment(ref _lastNumber);
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // Listed before it runs, as it takes itself off the list.
        _sessions[number] = (connection, RunAsync(begin.Task, connection, number));
        begin.SetResult();
    }

    private async Task RunAsync(Task begin, SmtpConnection connection, long number)
    {
        await begin;
        Counters.CountConnection(+1);
        var hasPlace = TryTakePlace();
        try
        {
            if (hasPlace)
                await ServeAsync(connection, number);
            else
                await TurnAwayAsync(connection);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or AuthenticationException or OperationCanceledException)
        {
            _logger.LogDebug(exception, "SMTP connection {Number} from {Client} ended early", number, connection.Client);
        }
        catch (Exception exception)
        {
            // A bug in one session must not take the server down unseen.
            _logger.LogError(exception, "SMTP connection {Number} from {Client} failed", number, connection.Client);
        }
        finally
        {
            await connection.DisposeAsync();
            _sessions.TryRemove(number, out _);
            if (hasPlace)
                FreePlace();
            Counters.CountConnection(-1);
        }
    }

    /// <summary>Of many that come at once as many are served as may be: one that is turned away takes nobody's place.</summary>
    private bool TryTakePlace()
    {
        lock (_lock)
        {
            if (_served >= _services.Options.MaxConnections)
                return false;
            _served++;
            return true;
        }
    }

    private void FreePlace()
    {
        lock (_lock)
            _served--;
    }

    private async Task ServeAsync(SmtpConnection connection, long number)
    {
        using var session = new SmtpSession(connection, _services, number);
        await session.RunAsync();
    }

    private async Task TurnAwayAsync(SmtpConnection connection)
    {
        connection.Write(Replies.TooManyConnections);
        Counters.CountReply(Replies.TooManyConnections.Code);
        await connection.FlushAsync();
    }
}
