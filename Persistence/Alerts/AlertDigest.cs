using Persistence.Failures;

namespace Persistence.Alerts;

/// <summary>Why an episode of failures is over.</summary>
public enum EpisodeEnd
{
    /// <summary>No failure of its cause waits any more: all were sent after all, canceled or discarded.</summary>
    Closed,

    /// <summary>No new failure of its cause came for a while; some may still wait.</summary>
    Quiet,
}

/// <summary>
/// What one cause has to say: an episode of failures of one fingerprint, from the first of them until it is over. Another failure after
/// that begins another episode.
/// </summary>
public sealed record AlertCause
{
    /// <summary>The episode's id.</summary>
    public required Guid EpisodeId { get; init; }

    /// <summary>What the failures share.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The cause in plain words (<see cref="CauseTitle"/>): with the recipients' domain where the episode has one failure alone.</summary>
    public required string Title { get; init; }

    /// <summary>Whether no failure of this fingerprint was in <c>email.failures</c> before the episode, which has those that retention has left.</summary>
    public required bool IsNew { get; init; }

    /// <summary>Failures since the digest before, of the same channel.</summary>
    public required long Failures { get; init; }

    /// <summary>Failures of the whole episode.</summary>
    public required long FailuresInAll { get; init; }

    /// <summary>Failures of this fingerprint that wait for a decision, of all episodes.</summary>
    public required long Open { get; init; }

    /// <summary>One of the failures, as an example: the first.</summary>
    public required Guid FailureId { get; init; }

    /// <summary>When the episode began.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When its latest failure came.</summary>
    public required DateTimeOffset Latest { get; init; }

    /// <summary>When it was over; null while it goes on.</summary>
    public DateTimeOffset? OverAt { get; init; }

    /// <summary>Why it is over; null while it goes on.</summary>
    public EpisodeEnd? Over { get; init; }
}

/// <summary>What one post of a channel says: the same for every channel, however it is written there.</summary>
/// <param name="Causes">The causes it names, those with most failures first.</param>
/// <param name="OtherCauses">Further causes with failures, which are counted alone.</param>
/// <param name="OtherFailures">Their failures.</param>
/// <param name="OtherOver">Further causes that are over.</param>
public sealed record AlertDigest(IReadOnlyList<AlertCause> Causes, long OtherCauses, long OtherFailures, long OtherOver)
{
    /// <summary>All failures it tells of.</summary>
    public long Failures => OtherFailures + Causes.Sum(cause => cause.Failures);
}

/// <summary>How a channel wants to be told.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Interval">The least time between two posts.</param>
/// <param name="MostCauses">How many causes a post names.</param>
/// <param name="Repeats">Whether each post names all episodes that go on, also where nothing is new, after each interval.</param>
public sealed record AlertChannel(string Name, TimeSpan Interval, int MostCauses, bool Repeats);

/// <summary>A digest on its way to a channel.</summary>
/// <param name="Id">Its id: the same in each try.</param>
/// <param name="Digest">What it says.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Tries">How often it was tried, this try included.</param>
public sealed record AlertPost(Guid Id, AlertDigest Digest, DateTimeOffset CreatedAt, int Tries);
