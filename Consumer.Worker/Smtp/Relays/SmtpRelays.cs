using Consumer.Worker.Smtp.Pace;
using Contracts;
using Microsoft.Extensions.Options;
using Persistence.Pace;
using Persistence.Workers;

namespace Consumer.Worker.Smtp.Relays;

/// <summary>The relays of this worker, and which mail goes by which.</summary>
internal sealed class SmtpRelays : IAsyncDisposable
{
    private readonly RelayRoute _default;
    private readonly (MailRouteOptions Options, RelayRoute Route)[] _routes;

    public SmtpRelays(
        IOptions<SmtpOptions> options, IOptions<WorkerOptions> worker, RecipientRules rules, QuotaStore quotas, IHttpClientFactory clients, TimeProvider timeProvider,
        ILoggerFactory loggers)
    {
        var parts = new RelayParts(clients, rules, name => new PaceQuota(quotas, timeProvider, name), worker.Value.ConcurrentMails, timeProvider, loggers);
        Default = new SmtpRelay(options.Value, parts);
        All = [Default, .. options.Value.Relays.Values.OrderBy(relay => relay.Name, StringComparer.Ordinal).Select(relay => new SmtpRelay(relay, parts))];
        _default = new RelayRoute(Default, null);
        // Routes to the same relays are one: their mails share its places.
        var routes = new Dictionary<string, RelayRoute> { [_default.Name] = _default };
        _routes = [.. RouteRules.InOrder(options.Value).Select(entry => (entry.Route, Shared(routes, new RelayRoute(Of(entry.Route.Relay), entry.Route.SecondRelay is { Length: > 0 } second ? Of(second) : null))))];
        ByTag = _routes.Any(route => !string.IsNullOrEmpty(route.Options.Tag));
    }

    /// <summary>The one that <c>Smtp:Host</c> and the keys beside it describe.</summary>
    public SmtpRelay Default { get; }

    /// <summary>All of them; the default one first.</summary>
    public IReadOnlyList<SmtpRelay> All { get; }

    /// <summary>Whether there are others than the default one. Where there are not, its outage pauses the mails' endpoints.</summary>
    public bool AreSeveral => All.Count > 1;

    /// <summary>Whether some route asks for a tag.</summary>
    public bool ByTag { get; }

    /// <summary>All of them as the heartbeat tells them.</summary>
    public WorkerPace Report
    {
        get
        {
            var relays = All.Select(relay => relay.Report).ToList();
            var sum = WorkerPace.Sum(relays.ConvertAll(relay => relay.Pace));
            return AreSeveral ? sum with { Relays = relays } : sum;
        }
    }

    /// <summary>A relay as an attribute of what is counted; none where there is one relay alone.</summary>
    public KeyValuePair<string, object?>[] Tags(SmtpRelay relay) => AreSeveral ? relay.Tags : [];

    /// <summary>The route of a mail.</summary>
    /// <param name="sender">Its sender's address.</param>
    /// <param name="tags">Its tags.</param>
    public RelayRoute RouteOf(string sender, IReadOnlyList<MailTag> tags)
    {
        foreach (var (options, route) in _routes)
        {
            if (RouteRules.Fits(options, sender, tags))
                return route;
        }

        return _default;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var relay in All)
            await relay.DisposeAsync();
    }

    private SmtpRelay Of(string name) => All.First(relay => string.Equals(relay.Name, name, StringComparison.OrdinalIgnoreCase));

    private static RelayRoute Shared(Dictionary<string, RelayRoute> routes, RelayRoute route)
    {
        routes.TryAdd(route.Name, route);
        return routes[route.Name];
    }
}
