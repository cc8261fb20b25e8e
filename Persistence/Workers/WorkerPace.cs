using System.Text.Json;
using Persistence.Text;

namespace Persistence.Workers;

/// <summary>How fast a worker sends, or several together.</summary>
/// <param name="Present">Mails that the mail server accepted in the last second.</param>
/// <param name="Allowed">Mails a second that may be sent; null where nothing limits them.</param>
/// <param name="Throttled">Replies that mean slower, since the start.</param>
/// <param name="Connections">Connections that the mail server allows.</param>
public sealed record WorkerPace(double Present, double? Allowed, long Throttled, int Connections)
{
    /// <summary>The same by relay, where there are several.</summary>
    public IReadOnlyList<RelayReport> Relays { get; init; } = [];

    /// <summary>Several together.</summary>
    public static WorkerPace Sum(IReadOnlyList<WorkerPace> paces) => new(
        paces.Sum(pace => pace.Present), paces.Any(pace => pace.Allowed is null) ? null : paces.Sum(pace => pace.Allowed), paces.Sum(pace => pace.Throttled), paces.Sum(pace => pace.Connections));
}

/// <summary>One relay of several.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pace">How fast mails go by it.</param>
public sealed record RelayReport(string Name, WorkerPace Pace)
{
    /// <summary>Since when it lets nobody in; null while it does.</summary>
    public DateTimeOffset? UnavailableSince { get; init; }

    /// <summary>Why.</summary>
    public string? UnavailableReason { get; init; }
}

/// <summary>Relays as the heartbeat stores them, with the names of the columns beside which they stand.</summary>
internal static class RelayJson
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The text; null for none.</summary>
    public static string? Write(IReadOnlyList<RelayReport> relays) => relays.Count == 0 ? null : JsonSerializer.Serialize(
        relays.Select(relay => new Row(
            relay.Name, relay.Pace.Present, relay.Pace.Allowed, relay.Pace.Throttled, relay.Pace.Connections, relay.UnavailableSince, PostgresText.CleanOrNull(relay.UnavailableReason))),
        Options);

    private sealed record Row(
        string Name, double RatePresent, double? RateAllowed, long ThrottledReplies, int ConnectionsAllowed, DateTimeOffset? UnavailableSince, string? UnavailableReason);
}
