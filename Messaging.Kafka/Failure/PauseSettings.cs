using MassTransit;

namespace Messaging.Kafka.Failure;

/// <inheritdoc cref="IPauseConfigurator"/>
internal sealed class PauseSettings : IPauseConfigurator
{
    public Func<Exception, bool>? When { get; set; }

    public Func<Exception, CancellationToken, Task>? Probe { get; set; }

    public Func<Exception, string?> Lane { get; set; } = static _ => null;

    public TimeSpan FirstInterval { get; set; } = TimeSpan.FromSeconds(1);

    public TimeSpan LastInterval { get; set; } = TimeSpan.FromSeconds(30);

    public int MaxPausesPerMessage { get; set; } = 5;

    Func<Exception, bool> IPauseConfigurator.When
    {
        set => When = value;
    }

    Func<Exception, CancellationToken, Task> IPauseConfigurator.Probe
    {
        set => Probe = value;
    }

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (When is null)
            yield return ("PauseOn.When", "names no exceptions: set the predicate that tells an unavailable dependency from a message's own failure");
        if (Probe is null)
            yield return ("PauseOn.Probe", "is missing: without a probe the endpoint could never go on; set one that asks the dependency, such as SELECT 1");
        if (FirstInterval <= TimeSpan.Zero)
            yield return ("PauseOn.FirstInterval", $"is {FirstInterval}, and must be longer than zero");
        if (LastInterval < FirstInterval)
            yield return ("PauseOn.LastInterval", $"is {LastInterval}, and must not be shorter than FirstInterval ({FirstInterval})");
        if (MaxPausesPerMessage < 1)
            yield return ("PauseOn.MaxPausesPerMessage", $"is {MaxPausesPerMessage}, and must be at least 1");
    }
}
