namespace Persistence.Idempotency;

/// <summary>What a post under an idempotency key may do: one of the nested cases, and no other.</summary>
public abstract record Reservation
{
    private Reservation()
    {
    }

    /// <summary>The key is this post's: produce, then say what became of it.</summary>
    /// <param name="KeyId">The key.</param>
    /// <param name="MailId">The id to produce under.</param>
    /// <param name="Token">Names this reservation when it is released.</param>
    /// <param name="ReservedAt">When the first post under the reservation came.</param>
    /// <param name="IsFirst">Whether no earlier post went on under the reservation, which may have produced.</param>
    /// <param name="IsKnown">Whether a mail has that id already.</param>
    public sealed record Granted(Guid KeyId, Guid MailId, long Token, DateTimeOffset ReservedAt, bool IsFirst, bool IsKnown) : Reservation;

    /// <summary>The same content was posted under the key and acknowledged.</summary>
    /// <param name="MailId">Its id.</param>
    public sealed record Acknowledged(Guid MailId) : Reservation;

    /// <summary>The same content was posted under the key, and may be being produced at this moment.</summary>
    public sealed record InUse : Reservation;

    /// <summary>Other content was posted under the key.</summary>
    public sealed record OtherContent : Reservation;
}
