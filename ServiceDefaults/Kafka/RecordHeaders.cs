using Contracts;
using MassTransit;

namespace ServiceDefaults.Kafka;

/// <summary>The one step between the headers that the services store and those that the rider reads and writes.</summary>
public static class RecordHeaders
{
    /// <summary>Headers of the rider's, to be read or stored.</summary>
    /// <param name="headers">The headers, in order.</param>
    public static IReadOnlyList<RecordHeader> ToRecord(this IReadOnlyList<KafkaHeader> headers) => [.. headers.Select(header => new RecordHeader(header.Name, header.Value))];

    /// <summary>The last of a name, without a copy of all; null where there is none.</summary>
    /// <param name="headers">The headers, in order.</param>
    /// <param name="name">The name.</param>
    public static byte[]? Last(this IReadOnlyList<KafkaHeader> headers, string name)
    {
        ArgumentNullException.ThrowIfNull(headers);
        for (var index = headers.Count - 1; index >= 0; index--)
        {
            if (headers[index].Name == name)
                return headers[index].Value;
        }

        return null;
    }

    /// <summary>Headers to be produced by the rider.</summary>
    /// <param name="headers">The headers, in order.</param>
    public static IReadOnlyList<KafkaHeader> ToKafka(this IReadOnlyList<RecordHeader> headers) => [.. headers.Select(header => new KafkaHeader(header.Name, header.Value))];
}
