namespace Consumer.Worker.Smtp;

/// <summary>What connections have learned of the mail server, and later ones go by. In memory: a restarted worker learns anew.</summary>
internal sealed class KnownServer(TimeProvider timeProvider)
{
    /// <summary>How long a limit of recipients is gone by: a server that allows more by then is asked for more again.</summary>
    public static readonly TimeSpan LimitLasts = TimeSpan.FromHours(1);

    private volatile Limit? _recipients;
    private volatile bool _tookLoginOverTls;
    private volatile bool _refusesSenders;

    /// <summary>Whether it took the login over TLS: from then on it gets none in plain text, whoever stands in between.</summary>
    public bool TookLoginOverTls
    {
        get => _tookLoginOverTls;
        set => _tookLoginOverTls = value;
    }

    /// <summary>
    /// Whether it has refused a mail's sender as it may refuse everybody's: it asked for a login that the worker does not have, said 421, or was in
    /// trouble itself (452, x.3.x).
    /// A connection and a login tell nothing of that; a probe asks it for another sender.
    /// </summary>
    public bool RefusesSenders
    {
        get => _refusesSenders;
        set => _refusesSenders = value;
    }

    /// <summary>How many recipients it takes in one transaction.</summary>
    public int RecipientLimit => _recipients is { } limit && timeProvider.GetElapsedTime(limit.LearnedAt) < LimitLasts ? limit.Recipients : int.MaxValue;

    /// <summary>Remembers how many it took before it refused more.</summary>
    public void LearnRecipientLimit(int recipients) => _recipients = new Limit(Math.Max(1, recipients), timeProvider.GetTimestamp());

    private sealed record Limit(int Recipients, long LearnedAt);
}
