namespace Persistence.Deliveries;

/// <summary>
/// What makes a record the one it is. Copies that a crash between "produced" and "committed" leaves behind share it, and
/// the claim recognizes them by it.
/// </summary>
/// <param name="MailId">The mail; the <c>MessageId</c> header.</param>
/// <param name="Generation">How often the mail was replayed or rescheduled; the <c>Mail-Generation</c> header, 0 where absent.</param>
/// <param name="Attempt">Which delivery of this generation it is, from 1; 0 for a scheduled mail's record that is not due.</param>
public sealed record RecordIdentity(Guid MailId, int Generation, int Attempt)
{
    /// <summary>As logs show it: <c>id/generation/attempt</c>.</summary>
    public override string ToString() => $"{MailId}/{Generation}/{Attempt}";
}
