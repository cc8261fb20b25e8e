using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Options;
using Persistence.Workers;

namespace Consumer.Worker.Smtp.Pace;

/// <summary>
/// How fast mails go to the mail server, and over how many connections: by <see cref="RelayOptions.Rate"/>, and by what the server's replies
/// teach. A mail passes three limits: <see cref="Claims"/> before it is claimed, <see cref="Connections"/> and <see cref="TakeAsync"/>
/// before it is begun. Before each the streams and their senders take turns (<see cref="TurnQueue{T}"/>).
/// </summary>
internal sealed class SmtpPace
{
    // Rates may change while somebody waits for a long time: nobody waits longer without looking again.
    private static readonly TimeSpan LongestNap = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);
    // What was held back this long ago still says that the rate is used, in seconds.
    private const double HeldFor = 1;
    // A limit that the server has not complained of for so long, and that holds nothing back, is not worth a word in health, in seconds.
    private const double WorthSaying = 60;

    private readonly RelayOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger<SmtpPace> _logger;
    private readonly IPaceQuota _quota;
    private readonly long _start;
    private readonly Lock _lock = new();
    private readonly AdjustableLimit _turn = new(1);
    private readonly int _mostClaims;
    private readonly List<(RateLimit Limit, CellRate Cells, SlidingWindow Window)> _configured;
    private readonly List<RateLimit> _quotas;
    private readonly LearnedRate _learnedRate = new();
    private readonly LearnedConnections _learnedConnections;
    private CellRate? _learnedCells;
    private volatile bool _isLimited;
    private long _throttled;
    private double _heldAt = double.NegativeInfinity;
    private double _complainedAt = double.NegativeInfinity;
    private double _acceptedAt = double.NegativeInfinity;
    private (double At, DateTimeOffset Time)? _throttledSince;
    private (double At, double Rate) _said = (double.NegativeInfinity, double.PositiveInfinity);
    private RateLimit? _usedUp;
    private string? _reply;
    private string? _refusal;
    private double? _connectionsChangedAt;

    /// <param name="options">The mail server.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="quota">The quotas that all workers share; null: none is counted.</param>
    /// <param name="mostClaims">How many mails may be claimed at once: <see cref="WorkerOptions.ConcurrentMails"/>, for all streams together.</param>
    public SmtpPace(
        IOptions<RelayOptions> options, TimeProvider timeProvider, ILogger<SmtpPace> logger, IPaceQuota? quota = null, int mostClaims = int.MaxValue)
    {
        _mostClaims = mostClaims;
        Claims = new AdjustableLimit(mostClaims);
        (_options, _timeProvider, _logger, _start) = (options.Value, timeProvider, logger, timeProvider.GetTimestamp());
        _quota = quota ?? new UnsharedQuota();
        Replies = new ThrottleReplies(ThrottleReply.TryRead(_options.ThrottleReplies) ?? []);
        _learnedConnections = new LearnedConnections(_options.MaxConnections);
        Connections = new AdjustableLimit(_options.MaxConnections);
        var limits = RateLimit.TryRead(_options.Rate) ?? [];
        // Until the number of workers is known none of the rate is this one's.
        _configured = [.. limits.Where(limit => !limit.IsQuota).Select(limit => (limit, new CellRate(0, Burst(limit), 0), new SlidingWindow(limit.Window.TotalSeconds)))];
        _quotas = [.. limits.Where(limit => limit.IsQuota)];
        _isLimited = limits.Count > 0;
        Recompute();
    }

    /// <summary>What is told of what the server throttles.</summary>
    public ThrottleReplies Replies { get; }

    /// <summary>The connections in use: as many as the server allows.</summary>
    public AdjustableLimit Connections { get; }

    /// <summary>
    /// The mails that are claimed at once, of all streams: at full speed as many as are worked on. Where mails wait for the pace they do so
    /// unclaimed, so that they can be canceled, and a worker that is killed leaves few of them with an unknown outcome.
    /// </summary>
    public AdjustableLimit Claims { get; }

    /// <summary>Whether the number of connections is one that the server taught.</summary>
    public bool AreConnectionsLimited
    {
        get
        {
            lock (_lock)
                return _learnedConnections.IsLimited;
        }
    }

    /// <summary>Whether some of <see cref="RelayOptions.Rate"/> is to be shared with other workers.</summary>
    public bool IsShared => _configured.Count > 0;

    /// <summary>Whether the server taught a rate, which is to be leveled with that of other workers.</summary>
    public bool IsLearned => _learnedCells is not null;

    /// <summary>The time, as this class counts it.</summary>
    public double Now => _timeProvider.GetElapsedTime(_start).TotalSeconds;

    /// <summary>The lowest of the rates that hold at present, in mails a second; null where none does.</summary>
    public double? AllowedRate
    {
        get
        {
            lock (_lock)
                return Rates().Cast<double?>().Min();
        }
    }

    /// <summary>The pace as the heartbeat tells it.</summary>
    public WorkerPace Report
    {
        get
        {
            lock (_lock)
                return new WorkerPace(_learnedRate.Present(Now), Rates().Cast<double?>().Min(), _throttled, _learnedConnections.Allowed);
        }
    }

    public PaceStatus Status
    {
        get
        {
            lock (_lock)
            {
                var now = Now;
                var isWorthSaying = now - _complainedAt < WorthSaying || now - _heldAt < WorthSaying;
                return new PaceStatus(
                    _learnedRate.Present(now),
                    isWorthSaying ? _learnedRate.Rate : null,
                    _learnedConnections.Allowed,
                    _options.MaxConnections,
                    _throttledSince is { } since && now - since.At >= 1 ? since.Time : null,
                    _throttledSince is { } first && now - first.At >= _options.ThrottlePatience.TotalSeconds,
                    _usedUp,
                    isWorthSaying ? _reply : _refusal)
                {
                    RateOption = RateOption,
                };
            }
        }
    }

    private string RateOption => $"{_options.Path}:{nameof(RelayOptions.Rate)}";

    /// <summary>Sets this worker's part of the rate: one of so many, or none as long as that is not known.</summary>
    public void Share(int workers)
    {
        lock (_lock)
        {
            var now = Now;
            foreach (var (limit, cells, window) in _configured)
            {
                var part = workers == 0 ? 0 : (double)limit.Count / workers;
                cells.Change(part / limit.Window.TotalSeconds, now);
                // Without a part what was sent stays remembered: the next one may come at once.
                if (workers > 0)
                    window.Change(part);
            }

            Recompute();
        }
    }

    /// <summary>Levels what the server taught with what it taught other workers. A configured rate is shared instead, and what they may send says nothing of the server.</summary>
    public void Level(IReadOnlyList<OtherWorker> others)
    {
        lock (_lock)
        {
            var (now, before) = (Now, _learnedRate.Rate);
            if (!IsShared && now - _heldAt < HeldFor && _learnedRate.Level(others.Where(UsesItsRate).ToDictionary(other => other.Id, other => other.Allowed!.Value)))
                OnRateChanged(now, before);
        }
    }

    /// <summary>Waits until the next mail may be begun, and counts it.</summary>
    /// <returns>The mail as it counts, for <see cref="End"/>; null where nothing is limited.</returns>
    public async ValueTask<PacedMail?> TakeAsync(Party party, CancellationToken cancellationToken)
    {
        if (!_isLimited)
            return null;
        await _turn.WaitAsync(party, cancellationToken);
        try
        {
            foreach (var quota in _quotas)
                await TakeQuotaAsync(quota, cancellationToken);
            PacedMail? mail;
            while (!TryTake(out mail, out var wait))
                await Task.Delay(wait, _timeProvider, cancellationToken);
            return mail;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The server has replied to a mail, or will not any more.</summary>
    public void End(PacedMail mail)
    {
        lock (_lock)
            mail.End(Now);
    }

    /// <summary>The server has accepted a mail for some recipient.</summary>
    public void OnAccepted()
    {
        lock (_lock)
        {
            var now = Now;
            (_acceptedAt, _throttledSince) = (now, null);
            var before = _learnedRate.Rate;
            _learnedRate.OnAccepted(now, now - _heldAt < Math.Max(HeldFor, 2 / (before ?? 1)));
            if (before is not null)
                OnRateChanged(now, before);
            LogConnections(now);
            if (_learnedConnections.IsLimited && Connections.Taken >= Connections.Limit && _learnedConnections.OnAcceptedAtLimit(now))
                Recompute();
        }
    }

    /// <summary>The server has refused a mail as too fast, or as one too many at once.</summary>
    /// <param name="throttled">Its refusal.</param>
    /// <param name="refusedBefore">When the same mail was refused so before; null where it was not.</param>
    /// <returns>
    /// Whether others were accepted since it was refused before: then the refusal is this mail's alone, as of a recipient that gets too
    /// much, and the pace is not slower for it.
    /// </returns>
    public bool OnThrottled(ThrottledMailException throttled, double? refusedBefore)
    {
        lock (_lock)
        {
            var now = Now;
            _throttled++;
            if (refusedBefore < _acceptedAt)
                return true;
            (_complainedAt, _reply) = (now, throttled.Reply.ToString());
            if (throttled.Scope == ThrottleScope.Connections)
                _refusal = _reply;
            _throttledSince ??= (now, _timeProvider.GetUtcNow());
            var before = _learnedRate.Rate;
            var changed = throttled.Scope == ThrottleScope.Connections
                ? _learnedConnections.OnTooMany(throttled.InUse, now, throttled.BegunAt)
                : _learnedRate.OnThrottled(now, throttled.BegunAt);
            if (throttled.Scope == ThrottleScope.Connections && changed)
                OnConnectionsChanged(now);
            else if (changed)
                OnRateChanged(now, before);
            return false;
        }
    }

    /// <summary>The server has refused a further connection while others go on.</summary>
    /// <param name="others">How many others there are.</param>
    /// <param name="reply">What it said.</param>
    public void OnConnectionRefused(int others, SmtpReply reply)
    {
        lock (_lock)
        {
            _refusal = reply.ToString();
            if (_learnedConnections.OnRefused(others, Now))
                OnConnectionsChanged(Now);
        }
    }

    /// <summary>The server lets nobody in at all: how many connections it allows is to be learned anew once it does.</summary>
    public void ForgetConnections()
    {
        lock (_lock)
        {
            _learnedConnections.Forget();
            Recompute();
        }
    }

    /// <summary>A quota's own wait: what is used of it stands in Postgres, for all workers.</summary>
    private async Task TakeQuotaAsync(RateLimit quota, CancellationToken cancellationToken)
    {
        while (await _quota.TakeAsync(quota, cancellationToken) is var wait && wait > TimeSpan.Zero)
        {
            if (_usedUp != quota)
                _logger.LogWarning("{Option}'s {Quota} is used up; mails wait until some of it is free again", RateOption, quota);
            _usedUp = quota;
            await Task.Delay(wait, _timeProvider, cancellationToken);
        }

        if (_usedUp == quota)
        {
            _usedUp = null;
            _logger.LogInformation("{Option}'s {Quota} has room again; mails go on", RateOption, quota);
        }
    }

    private bool TryTake([NotNullWhen(true)] out PacedMail? mail, out TimeSpan wait)
    {
        lock (_lock)
        {
            var now = Now;
            var seconds = _configured.Select(limit => Math.Max(limit.Cells.Wait(now), limit.Window.Wait(now))).Append(_learnedCells?.Wait(now) ?? 0).Max();
            if (seconds > 0)
            {
                _heldAt = now;
                // At least what a timer can tell from nothing.
                (mail, wait) = (null, TimeSpan.FromSeconds(Math.Clamp(seconds, 0.001, LongestNap.TotalSeconds)));
                return false;
            }

            (mail, wait) = (new PacedMail(now), TimeSpan.Zero);
            foreach (var (_, cells, window) in _configured)
            {
                cells.Take(now);
                window.Take(mail);
            }

            _learnedCells?.Take(now);
            return true;
        }
    }

    private void OnRateChanged(double now, double? before)
    {
        if (_learnedRate.Rate is { } rate)
        {
            if (_learnedCells is null)
            {
                _learnedCells = new CellRate(rate, 1, now);
                _learnedCells.Owe(_learnedRate.PresentSince(now), _learnedRate.Present(now));
            }
            else
            {
                _learnedCells.Change(rate, now);
            }

            if (before is null || (Math.Abs(rate - _said.Rate) > _said.Rate / 4 && now - _said.At >= LogInterval.TotalSeconds))
            {
                _said = (now, rate);
                _logger.LogWarning("Slowed by {Relay}: {Rate}/s. It said last: {Reply}", _options.Title, rate.ToString("0.##", CultureInfo.InvariantCulture), _reply);
            }
        }
        else if (_learnedCells is not null)
        {
            _learnedCells = null;
            _said = (double.NegativeInfinity, double.PositiveInfinity);
            _logger.LogInformation("No complaint from {Relay} for {Time}: mails go as fast as it takes them", _options.Title, TimeSpan.FromSeconds(LearnedRate.ForgetAfter));
        }

        Recompute();
    }

    private void OnConnectionsChanged(double now)
    {
        _connectionsChangedAt ??= now;
        Recompute();
    }

    /// <summary>One line for the many refusals by which a number is found; and none where the server turned out to be away.</summary>
    private void LogConnections(double now)
    {
        if (now - _connectionsChangedAt is not >= 1)
            return;
        _connectionsChangedAt = null;
        if (_learnedConnections.IsLimited)
            _logger.LogWarning("{Connections} connections are allowed by {Relay} at present, MaxConnections is {Most}: {Reply}", _learnedConnections.Allowed, _options.Title, _options.MaxConnections, _refusal);
    }

    // One with little to send needs no more than that, and has nothing to leave.
    private static bool UsesItsRate(OtherWorker other) => other.Allowed is { } allowed && other.Present >= allowed / 2;

    private IEnumerable<double> Rates() => _configured.Select(limit => limit.Cells.Rate).Concat(_learnedRate.Rate is { } rate ? [rate] : []);

    private void Recompute()
    {
        if (Connections.Limit != _learnedConnections.Allowed)
            Connections.Limit = _learnedConnections.Allowed;
        _isLimited = _configured.Count > 0 || _quotas.Count > 0 || _learnedCells is not null;
        // A second's mails, or what all connections can have in hand twice: enough for the pace to be the one thing that holds them back.
        var claims = !_isLimited ? _mostClaims : Math.Min(_mostClaims, Math.Max(2 * _learnedConnections.Allowed, (int)Math.Ceiling(Rates().DefaultIfEmpty(int.MaxValue / 2).Min())));
        if (Claims.Limit != claims)
            Claims.Limit = claims;
    }

    // A minute's burst is a number of mails as well, and never more than the window holds.
    private int Burst(RateLimit limit) => Math.Min(_options.RateBurst, limit.Count);
}
