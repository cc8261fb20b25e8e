using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Pace;
using Persistence;

namespace Consumer.Worker.Sending;

/// <summary>Where a mail goes for an exception: what the circuit, the redelivery and the claim all decide by.</summary>
internal static class FailureVerdict
{
    /// <summary>The kind of a failure. What is not known is taken for transient: it is tried again, and ends in the dead-letter topic.</summary>
    public static FailureKind Of(Exception exception) => exception switch
    {
        PermanentMailException or IdempotencyConflictException => FailureKind.Permanent,
        SmtpUnavailableException => FailureKind.DependencyUnavailable,
        ThrottledMailException => FailureKind.Throttled,
        // A row that another transaction holds for too long is not the mail's failure either.
        _ when PostgresErrors.IsPassing(exception) => FailureKind.DependencyUnavailable,
        _ => FailureKind.Transient,
    };

    /// <summary>Whether no mail would pass now.</summary>
    public static bool IsDependencyUnavailable(Exception exception) => Of(exception) == FailureKind.DependencyUnavailable;

    /// <summary>
    /// Whether a later delivery may go better. A cancellation is not a failure: the record goes back unharmed with its partition, and
    /// whoever gets that starts where this worker left.
    /// </summary>
    public static bool IsTransient(Exception exception) => exception is not OperationCanceledException && Of(exception) == FailureKind.Transient;
}
