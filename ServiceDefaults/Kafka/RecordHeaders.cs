using Contracts;
using MassTransit;

namespace ServiceDefaults.Kafka;

/// <summary>The one step between the headers that the services store and those that the rider reads and writes.</summary>
public static class RecordHeaders
{
    /// <summary>Headers of the rider's, to be read or stored.</summary>
    /// <param name="headers">The headers, in order.</param>
    public static IReadOnlyList<RecordHeader> ToRecord(this IReadOnlyList<KafkaHeader> headers) => [.. headers.Select(header => new RecordHeader(header.Name, header.Value))];

    /// <summary>Headers to be produced by the rider.</summary>
    /// <param name="headers">The headers, in order.</param>
    public static IReadOnlyList<KafkaHeader> ToKafka(this IReadOnlyList<RecordHeader> headers) => [.. headers.Select(header => new KafkaHeader(header.Name, header.Value))];
}
