using Contracts;
using Persistence.Failures;

namespace Producer.Api.Failures;

/// <summary>
/// The headers of a replayed record: those of the dead letter, less what tells of its fault, its redeliveries and its due time,
/// which would exhaust the mail at once, and with the mail's id and its new epoch.
/// </summary>
internal static class ReplayHeaders
{
    public static IReadOnlyList<RecordHeader> Of(Replay replay) =>
    [
        .. replay.Headers.Where(header => !HeaderNames.IsOfOneDelivery(header.Name)),
        new RecordHeader(HeaderNames.MessageId, replay.MailId),
        new RecordHeader(HeaderNames.Epoch, replay.Epoch),
    ];
}
