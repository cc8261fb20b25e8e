namespace Persistence.Mails;

/// <summary>
/// What a record is known by. Copies that a crash between "produced" and "committed" leaves behind share it, and
/// the claim recognizes them by it.
/// </summary>
/// <param name="MailId">The mail; the <c>MessageId</c> header.</param>
/// <param name="Epoch">The mail's epoch when it was produced; the <c>Mail-Epoch</c> header, 0 where absent.</param>
/// <param name="Attempt">Which delivery of this epoch it is, from 1; 0 for a scheduled mail's record that is not due.</param>
public sealed record RecordIdentity(Guid MailId, int Epoch, int Attempt)
{
    /// <summary>As logs show it: <c>id/epoch/attempt</c>.</summary>
    public override string ToString() => $"{MailId}/{Epoch}/{Attempt}";
}
