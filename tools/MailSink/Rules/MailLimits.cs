namespace MailSink.Rules;

/// <summary>How many mails the server takes in a second, and at once. For all sessions.</summary>
internal sealed class MailLimits(SinkOptions options, TimeProvider timeProvider)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<long> _taken = new();
    private int _underWay;

    /// <summary>Counts a mail that begins.</summary>
    /// <returns>False where too many are under way: then it is not counted.</returns>
    public bool TryBegin()
    {
        lock (_lock)
        {
            if (_underWay >= options.MailsAtOnce)
                return false;
            _underWay++;
            return true;
        }
    }

    /// <summary>Counts the end of a mail that had begun.</summary>
    public void End()
    {
        lock (_lock)
            _underWay--;
    }

    /// <summary>Counts a mail that is taken, where fewer than allowed were taken in the second before.</summary>
    public bool TryTake()
    {
        if (options.MailsPerSecond is not { } most)
            return true;
        lock (_lock)
        {
            while (_taken.TryPeek(out var first) && timeProvider.GetElapsedTime(first) >= Window)
                _taken.Dequeue();
            if (_taken.Count >= most)
                return false;
            _taken.Enqueue(timeProvider.GetTimestamp());
            return true;
        }
    }
}
