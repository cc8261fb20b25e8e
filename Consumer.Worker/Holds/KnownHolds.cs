using Consumer.Worker.Sending;
using Persistence.Holds;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Holds;

/// <summary>
/// The holds in force as this worker knows them: read every second, and whenever a claim finds that there is another one. Whoever claims says
/// what it knows by <see cref="ActiveHolds.Number"/>, and Postgres refuses who knows too little: so a mail is compared with every hold
/// that was made before its claim, and where there is none, that costs nothing. For any thread.
/// </summary>
/// <param name="read">Reads them.</param>
/// <param name="topics">The topics, by which a mail's stream is known.</param>
internal sealed class KnownHolds(Func<CancellationToken, Task<ActiveHolds>> read, MailTopics topics) : IDisposable
{
    private readonly SemaphoreSlim _reading = new(1);
    private volatile ActiveHolds _known = ActiveHolds.None;

    /// <summary>Those that are known now.</summary>
    public ActiveHolds Now => _known;

    /// <summary>The hold on a mail; null where none is.</summary>
    public Hold? On(IncomingMail mail, ActiveHolds known) =>
        known.Holds.Count == 0 ? null : HoldMatch.Of(known.Holds, mail, topics.StreamOf(mail.Record.Topic));

    /// <summary>Reads them again.</summary>
    /// <param name="outdated">Those that have been found outdated: where others are known by now, there is nothing to do.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RefreshAsync(ActiveHolds outdated, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (ReferenceEquals(_known, outdated))
                _known = await read(cancellationToken);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _reading.Dispose();
}
