using System.Globalization;
using System.Text;
using Contracts;
using MassTransit;
using Persistence.Failures;

namespace Producer.Api.Failures;

/// <summary>
/// The headers of a replayed record: those of the dead letter, less what tells of its fault, its redeliveries and its due time,
/// which would exhaust the mail at once, and with the mail's id and its new epoch.
/// </summary>
internal static class ReplayHeaders
{
    public static IReadOnlyList<KafkaHeader> Of(Replay replay) =>
    [
        .. replay.Headers.Where(header => !HeaderNames.IsOfOneDelivery(header.Name)).Select(header => new KafkaHeader(header.Name, header.Value?.ToArray())),
        Text(HeaderNames.MessageId, replay.MailId.ToString()),
        Text(HeaderNames.Epoch, replay.Epoch.ToString(CultureInfo.InvariantCulture)),
    ];

    private static KafkaHeader Text(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));
}
