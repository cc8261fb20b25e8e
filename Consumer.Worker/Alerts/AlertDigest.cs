namespace Consumer.Worker.Alerts;

/// <summary>One cause in a digest: how often, and one failure as an example.</summary>
internal sealed record AlertCause(string Cause, int Count, Alert Example);

/// <summary>What one post says.</summary>
/// <param name="Total">How many dead letters it stands for.</param>
/// <param name="Causes">The most frequent causes first.</param>
/// <param name="Since">When the first of them was seen.</param>
internal sealed record AlertPost(int Total, IReadOnlyList<AlertCause> Causes, DateTimeOffset Since);

/// <summary>
/// Decides when to post and what: at once after a quiet time, then at most once an interval, gathered by cause. Pure; the loop
/// around it keeps the time and does the posting.
/// </summary>
internal sealed class AlertDigest(TimeSpan interval, int causesPerPost)
{
    /// <summary>Causes told apart between two posts; a flood of ever new messages must not fill the memory.</summary>
    private const int MostCauses = 1000;

    private readonly Dictionary<string, AlertCause> _causes = new(StringComparer.Ordinal);
    private DateTimeOffset? _lastPost;
    private DateTimeOffset _since;
    private int _total;

    /// <summary>When the next post is due; <c>null</c> where there is nothing to say.</summary>
    public DateTimeOffset? Due => _total == 0 ? null : _lastPost is { } last && last + interval > _since ? last + interval : _since;

    /// <summary>Takes an alert into the next post.</summary>
    public void Add(Alert alert, DateTimeOffset now)
    {
        if (_total++ == 0)
            _since = now;
        if (_causes.TryGetValue(alert.Fingerprint, out var cause))
            _causes[alert.Fingerprint] = cause with { Count = cause.Count + 1 };
        else if (_causes.Count < MostCauses)
            _causes[alert.Fingerprint] = new AlertCause(alert.Cause, 1, alert);
    }

    /// <summary>Takes the post out. The interval to the next one begins whether or not it reaches anybody.</summary>
    public AlertPost Take(DateTimeOffset now)
    {
        var causes = _causes.Values.OrderByDescending(cause => cause.Count).Take(causesPerPost).ToList();
        var post = new AlertPost(_total, causes, _since);
        _causes.Clear();
        _total = 0;
        _lastPost = now;
        return post;
    }
}
