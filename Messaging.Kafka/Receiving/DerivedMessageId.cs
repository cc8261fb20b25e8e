using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Messaging.Kafka.Receiving;

/// <summary>
/// The id of a record that came without one: a hash of where it lies, as a UUID of version 8 (RFC 9562). The timestamp is part of it,
/// so that a topic that was created again, whose offsets begin again, is not mistaken for the old one.
/// </summary>
internal static class DerivedMessageId
{
    /// <summary>The id of the record at an offset.</summary>
    public static Guid Of(string topic, int partition, long offset, long timestamp)
    {
        var name = Encoding.UTF8.GetByteCount(topic);
        Span<byte> input = name <= 256 ? stackalloc byte[name + 20] : new byte[name + 20];
        Encoding.UTF8.GetBytes(topic, input);
        BinaryPrimitives.WriteInt32BigEndian(input[name..], partition);
        BinaryPrimitives.WriteInt64BigEndian(input[(name + 4)..], offset);
        BinaryPrimitives.WriteInt64BigEndian(input[(name + 12)..], timestamp);

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
