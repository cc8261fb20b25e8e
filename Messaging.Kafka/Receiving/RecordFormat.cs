using System.Net.Mime;
using MassTransit.KafkaIntegration.Serializers;

namespace Messaging.Kafka.Receiving;

/// <summary>How an endpoint reads records, where the application says so.</summary>
/// <param name="Headers">Reads headers; null: as text.</param>
/// <param name="ContentType">What all values are taken for; null: what their headers say.</param>
internal sealed record RecordFormat(IHeadersDeserializer? Headers, ContentType? ContentType);
