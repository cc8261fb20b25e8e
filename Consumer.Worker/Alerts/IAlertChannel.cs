using Persistence.Alerts;

namespace Consumer.Worker.Alerts;

/// <summary>Where digests are posted, each in its own form.</summary>
internal interface IAlertChannel
{
    /// <summary>Its name: in the log, in metrics and in <c>email.alert_channels</c>.</summary>
    string Name { get; }

    /// <summary>Whether it is set up.</summary>
    bool IsConfigured { get; }

    /// <summary>How many causes a post names; null: as many as <see cref="AlertOptions.CausesPerDigest"/> says.</summary>
    int? MostCauses => null;

    /// <summary>Whether it forgets what it is not told again: see <see cref="AlertChannel.Repeats"/>.</summary>
    bool Repeats => false;

    /// <summary>Tries to post a digest, once.</summary>
    /// <param name="post">The digest.</param>
    /// <param name="cancellationToken">Gives up; the post may have been made then.</param>
    /// <exception cref="OperationCanceledException">Given up.</exception>
    Task<AlertOutcome> PostAsync(AlertPost post, CancellationToken cancellationToken);
}

/// <summary>What came of a try.</summary>
/// <param name="Error">Why it reached nobody, without secrets; null where it did.</param>
/// <param name="Refused">Whether the same post will never be taken.</param>
/// <param name="RetryAfter">How long the channel asks to wait; null where it does not say.</param>
internal readonly record struct AlertOutcome(string? Error, bool Refused = false, TimeSpan? RetryAfter = null)
{
    /// <summary>It reached somebody.</summary>
    public static AlertOutcome Sent => default;
}
