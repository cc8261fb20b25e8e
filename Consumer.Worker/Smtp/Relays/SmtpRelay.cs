using Consumer.Worker.Smtp.Pace;
using Persistence.Workers;

namespace Consumer.Worker.Smtp.Relays;

/// <summary>What a mail needs of the relay that it goes by.</summary>
internal interface IRelay
{
    /// <summary>Its options.</summary>
    RelayOptions Options { get; }

    /// <summary>Sends by it.</summary>
    ISmtpSender Sender { get; }

    /// <summary>Asks whether it is available.</summary>
    ISmtpProbe Probe { get; }
}

/// <summary>One mail server that takes mails, with all that is its own: connections, login, pace, what is known of it, circuit.</summary>
internal sealed class SmtpRelay : IRelay, IAsyncDisposable
{
    private readonly OAuthTokens _tokens;
    private readonly SmtpConnectionPool _pool;

    public SmtpRelay(RelayOptions options, RelayParts parts)
    {
        var section = Microsoft.Extensions.Options.Options.Create(options);
        Options = options;
        Tags = [new("relay", options.Name)];
        Availability = new SmtpAvailability(parts.TimeProvider);
        Pace = new SmtpPace(section, parts.TimeProvider, parts.Loggers.CreateLogger<SmtpPace>(), parts.Quota(options.Name), parts.MostClaims);
        _tokens = new OAuthTokens(parts.Clients, section, parts.TimeProvider);
        _pool = new SmtpConnectionPool(section, Availability, parts.TimeProvider, Pace, new SmtpLogin(section, Availability, _tokens));
        var sender = new SmtpSender(_pool, parts.Loggers.CreateLogger<SmtpSender>(), new DomainShares(section, parts.TimeProvider));
        Sender = parts.Rules.RedirectTo is { } instead ? new RedirectingSender(sender, parts.Rules, instead) : sender;
        Probe = new SmtpProbe(_pool);
        Circuit = new RelayCircuit(Probe, options.Title, parts.TimeProvider, parts.Loggers.CreateLogger<RelayCircuit>());
    }

    /// <inheritdoc />
    public RelayOptions Options { get; }

    /// <inheritdoc />
    public ISmtpSender Sender { get; }

    /// <inheritdoc />
    public ISmtpProbe Probe { get; }

    /// <summary>Its name: <see cref="SmtpOptions.DefaultRelay"/>, or that of its section.</summary>
    public string Name => Options.Name;

    /// <summary>It as an attribute of what is counted.</summary>
    public KeyValuePair<string, object?>[] Tags { get; }

    /// <summary>How fast mails go by it.</summary>
    public SmtpPace Pace { get; }

    /// <summary>What was last seen of it.</summary>
    public SmtpAvailability Availability { get; }

    /// <summary>Whether it is unavailable, where there are several: with one alone the mails' endpoints pause instead.</summary>
    public RelayCircuit Circuit { get; }

    /// <summary>It, as the worker's heartbeat tells it.</summary>
    public RelayReport Report => new(Name, Pace.Report)
    {
        UnavailableSince = Availability.Current?.Since,
        UnavailableReason = Availability.Current?.Reason,
    };

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Circuit.Dispose();
        await _pool.DisposeAsync();
        _tokens.Dispose();
    }
}

/// <summary>What all relays are made with.</summary>
/// <param name="Clients">For tokens.</param>
/// <param name="Rules">Who may be written to.</param>
/// <param name="Quota">The quotas of a relay, which all workers share.</param>
/// <param name="MostClaims">How many mails of a relay may be claimed at once.</param>
/// <param name="TimeProvider">The clock.</param>
/// <param name="Loggers">The log.</param>
internal sealed record RelayParts(
    IHttpClientFactory Clients, RecipientRules Rules, Func<string, IPaceQuota> Quota, int MostClaims, TimeProvider TimeProvider, ILoggerFactory Loggers);
