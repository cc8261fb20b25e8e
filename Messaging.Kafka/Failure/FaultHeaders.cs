using System.Globalization;
using MassTransit;
using static Messaging.Kafka.Wire.KafkaHeaders;

namespace Messaging.Kafka.Failure;

/// <summary>Where a dead letter came from.</summary>
/// <param name="Topic">The topic it was read from.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The offset.</param>
/// <param name="Timestamp">The record's timestamp in milliseconds since 1970, UTC.</param>
/// <param name="Group">The consumer group that gave up on it.</param>
internal readonly record struct RecordOrigin(string Topic, int Partition, long Offset, long Timestamp, string Group);

/// <summary>
/// The headers of a dead letter: the original ones, and the fault's as text. Fault headers of an earlier life are replaced, never
/// appended; long ones are cut, so that the record does not grow past what its topic takes. No I/O.
/// </summary>
internal static class FaultHeaders
{
    /// <summary>The longest stack trace, in characters.</summary>
    public const int MaxStackTrace = 8_192;

    /// <summary>The longest of the other fault texts, in characters.</summary>
    public const int MaxText = 2_048;

    /// <summary>How many bytes the fault headers take at the most; the dead-letter topic takes that much more than the original topic.</summary>
    public const int MaxBytes = 48 * 1024;

    /// <summary>The topic, partition, offset, timestamp and group that a dead letter came from.</summary>
    public const string OriginalTopic = "MT-Original-Topic";

    /// <inheritdoc cref="OriginalTopic"/>
    public const string OriginalPartition = "MT-Original-Partition";

    /// <inheritdoc cref="OriginalTopic"/>
    public const string OriginalOffset = "MT-Original-Offset";

    /// <inheritdoc cref="OriginalTopic"/>
    public const string OriginalTimestamp = "MT-Original-Timestamp";

    /// <inheritdoc cref="OriginalTopic"/>
    public const string OriginalGroup = "MT-Original-Group";

    /// <summary>The size in bytes and the SHA-256, in hexadecimal digits, of a value that was too large to be in its dead letter.</summary>
    public const string OriginalSize = "MT-Original-Size";

    /// <inheritdoc cref="OriginalSize"/>
    public const string OriginalSha256 = "MT-Original-Sha256";

    /// <summary>The headers to write: the original ones less those of an earlier fault, then the reason, the fault and the origin.</summary>
    /// <param name="original">The record's headers.</param>
    /// <param name="messageId">The message's id, for a record that came without one: a reader of the dead letter could not derive it.</param>
    /// <param name="reason">MassTransit's <c>MT-Reason</c>: <c>fault</c> or <c>dead-letter</c>.</param>
    /// <param name="fault">MassTransit's <c>MT-Fault-*</c> headers, the most important first; the last are the first to go where all are too long.</param>
    /// <param name="origin">Where the record came from.</param>
    public static IReadOnlyList<KafkaHeader> Compose(
        IReadOnlyList<KafkaHeader> original, Guid? messageId, string reason, IReadOnlyList<KeyValuePair<string, string>> fault, RecordOrigin origin)
    {
        var headers = original.Where(header => !IsFaultHeader(header.Name)).ToList();
        if (messageId is { } id && !headers.Exists(header => header.Name == MessageHeaders.MessageId))
            headers.Add(Text(MessageHeaders.MessageId, id.ToString()));
        headers.Add(Text(MessageHeaders.Reason, reason));
        headers.Add(Text(OriginalTopic, origin.Topic));
        headers.Add(Text(OriginalPartition, origin.Partition.ToString(CultureInfo.InvariantCulture)));
        headers.Add(Text(OriginalOffset, origin.Offset.ToString(CultureInfo.InvariantCulture)));
        headers.Add(Text(OriginalTimestamp, origin.Timestamp.ToString(CultureInfo.InvariantCulture)));
        headers.Add(Text(OriginalGroup, origin.Group));

        var room = MaxBytes;
        foreach (var (name, value) in fault)
        {
            var header = Text(name, Cut(value, name == MessageHeaders.FaultStackTrace ? MaxStackTrace : MaxText));
            room -= name.Length + header.Value!.Length;
            if (room < 0)
                break;
            headers.Add(header);
        }

        return headers;
    }

    /// <summary>Whether a header tells of a fault or of its origin, and so belongs to a dead letter alone.</summary>
    public static bool IsFaultHeader(string name) =>
        name.StartsWith("MT-Original-", StringComparison.Ordinal)
        || (name.StartsWith("MT-Fault-", StringComparison.Ordinal) && name != MessageHeaders.FaultAddress)
        || name == MessageHeaders.Reason;

    /// <summary>Cuts a text to a number of characters, never between the two halves of a surrogate pair.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        return char.IsHighSurrogate(text[length - 1]) ? text[..(length - 1)] : text[..length];
    }
}
