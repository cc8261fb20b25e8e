namespace MassTransit;

/// <summary>
/// When an endpoint pauses: an exception that means that a dependency is unavailable, not that the message is bad. It pauses like a
/// circuit breaker, and the probe is its half-open state: the message waits unharmed, no other begins, and a probe that belongs to the
/// dependency is tried until it succeeds.
/// </summary>
public interface IPauseConfigurator
{
    /// <summary>Which exceptions mean that a dependency is unavailable. Retry and redelivery must not handle them; see docs/rider.md.</summary>
    Func<Exception, bool> When { set; }

    /// <summary>Asks the dependency whether it is available: it throws while it is not. Required.</summary>
    Func<Exception, CancellationToken, Task> Probe { set; }

    /// <summary>
    /// Which lane an exception stops (<see cref="IKafkaConsumerConfigurator.LaneBy"/>), where what it blames is needed there alone: its
    /// records wait, and those of other lanes go on. Null: the whole endpoint. Default: always the whole endpoint.
    /// </summary>
    Func<Exception, string?> Lane { set; }

    /// <summary>The pause before the first probe; it doubles with each that fails. Default: 1 s.</summary>
    TimeSpan FirstInterval { set; }

    /// <summary>The longest pause between two probes. Default: 30 s.</summary>
    TimeSpan LastInterval { set; }

    /// <summary>
    /// How often one message may pause the endpoint. One that does it again though the probe succeeded each time between is the
    /// message's own failure, and goes to the dead-letter topic. Default: 5.
    /// </summary>
    int MaxPausesPerMessage { set; }
}
