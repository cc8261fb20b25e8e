using Consumer.Worker.Smtp;

namespace Consumer.Worker.Sending;

/// <summary>Another mail came first under the same id: an <c>Idempotency-Key</c> used twice. Permanent, and no link to that mail.</summary>
internal sealed class IdempotencyConflictException(Guid mailId) : MailException(
    $"The id {mailId} belongs to another mail that came first (an Idempotency-Key used twice). Send this one under a key of its own.");

/// <summary>This worker's lease ran out before the mail was begun: it must be claimed anew.</summary>
internal sealed class LeaseLostException() : Exception("The worker's lease ran out before the mail was begun.");
