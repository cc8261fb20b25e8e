using Consumer.Worker.Smtp;

namespace Consumer.Worker.Sending;

/// <summary>Why a mail is dead, in few kinds: for metrics. The failure's row says it in full.</summary>
internal enum DeathCause
{
    /// <summary>It cannot be read, or not be sent as it is: what is refused for ever.</summary>
    Permanent,

    /// <summary>Every attempt that it had failed.</summary>
    AttemptsUsedUp,

    /// <summary>Another mail has its id.</summary>
    IdempotencyConflict,

    /// <summary>Its record cannot be read.</summary>
    Unreadable,
}

/// <summary>Tells the cause from what was thrown.</summary>
internal static class DeathCauses
{
    /// <summary>The cause; what wraps an exception of ours is looked through.</summary>
    public static DeathCause Of(Exception? exception) => exception switch
    {
        null => DeathCause.Unreadable,
        IdempotencyConflictException => DeathCause.IdempotencyConflict,
        PermanentMailException => DeathCause.Permanent,
        TransientMailException or TimeoutException => DeathCause.AttemptsUsedUp,
        _ => Of(exception.InnerException),
    };
}
