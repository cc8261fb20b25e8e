using Consumer.Worker.Smtp;
using Contracts;

namespace Consumer.Worker.Sending;

/// <summary>Another mail came first under the same id: an <c>Idempotency-Key</c> used twice. Permanent, and no link to that mail.</summary>
internal sealed class IdempotencyConflictException : MailException
{
    /// <param name="mailId">The id, which the mail that came first owns.</param>
    public IdempotencyConflictException(Guid mailId)
        : base($"The id {mailId} belongs to another mail that came first (an Idempotency-Key used twice). Send this one under a key of its own.") =>
        // Becomes a header of the dead letter, by which its readers know that the failure is not the other mail's.
        Data[HeaderNames.FaultConflict] = mailId.ToString();
}

/// <summary>This worker's lease ran out before the mail was begun: it must be claimed anew.</summary>
internal sealed class LeaseLostException() : Exception("The worker's lease ran out before the mail was begun.");
