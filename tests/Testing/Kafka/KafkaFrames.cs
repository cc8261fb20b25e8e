using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Testing;

/// <summary>The requests of Kafka's protocol that a test may wait for or withhold, by their keys (https://kafka.apache.org/protocol#protocol_api_keys).</summary>
public enum KafkaApi
{
    /// <summary>Records to the leader of a partition.</summary>
    Produce = 0,

    /// <summary>Records from the leader of a partition.</summary>
    Fetch = 1,

    /// <summary>Brokers, topics and partitions.</summary>
    Metadata = 3,

    /// <summary>A group's offsets to its coordinator.</summary>
    OffsetCommit = 8,

    /// <summary>A group's offsets from its coordinator.</summary>
    OffsetFetch = 9,

    /// <summary>Which broker coordinates a group.</summary>
    FindCoordinator = 10,

    /// <summary>A consumer joins its group.</summary>
    JoinGroup = 11,

    /// <summary>A member of a group lives.</summary>
    Heartbeat = 12,

    /// <summary>A member leaves its group.</summary>
    LeaveGroup = 13,

    /// <summary>The settings of topics and brokers.</summary>
    DescribeConfigs = 32,
}

/// <summary>The few responses that a proxy in front of a broker must rewrite: those that say where brokers are. No I/O.</summary>
internal static class KafkaFrames
{
    private const int FirstFlexibleMetadata = 9;
    private const int FirstFlexibleCoordinator = 3;
    private const int LastPlainJoin = 5;
    private const short LeaderNotAvailable = 5;
    private const short GroupAuthorizationFailed = 30;

    /// <summary>A Metadata response whose brokers are all elsewhere.</summary>
    /// <param name="response">The response from its correlation id on.</param>
    /// <param name="version">Its request's version.</param>
    /// <param name="move">From a broker's address to the proxy's.</param>
    public static byte[] MoveBrokers(byte[] response, short version, Func<string, int, (string Host, int Port)> move)
    {
        var flexible = version >= FirstFlexibleMetadata;
        var from = new Reader(response, flexible);
        var to = new Writer(flexible);
        CopyHeader(from, to);
        if (version >= 3)
            to.Int32(from.Int32());
        var brokers = from.Count();
        to.Count(brokers);
        for (var i = 0; i < brokers; i++)
        {
            to.Int32(from.Int32());
            var (host, port) = move(from.String()!, from.Int32());
            to.String(host);
            to.Int32(port);
            if (version >= 1)
                to.String(from.String());
            from.Tags(to);
        }

        return to.With(from.Rest());
    }

    /// <summary>A FindCoordinator response whose coordinator is elsewhere.</summary>
    /// <inheritdoc cref="MoveBrokers"/>
    public static byte[] MoveCoordinator(byte[] response, short version, Func<string, int, (string Host, int Port)> move)
    {
        var flexible = version >= FirstFlexibleCoordinator;
        var from = new Reader(response, flexible);
        var to = new Writer(flexible);
        CopyHeader(from, to);
        if (version >= 1)
            to.Int32(from.Int32());
        var coordinators = 1;
        if (version >= 4)
        {
            coordinators = from.Count();
            to.Count(coordinators);
        }
        else
        {
            to.Int16(from.Int16());
            if (version >= 1)
                to.String(from.String());
        }

        for (var i = 0; i < coordinators; i++)
        {
            if (version >= 4)
                to.String(from.String());
            to.Int32(from.Int32());
            var (host, port) = (from.String()!, from.Int32());
            // Without a coordinator the address is empty.
            (host, port) = host.Length > 0 ? move(host, port) : (host, port);
            to.String(host);
            to.Int32(port);
            if (version < 4)
                continue;
            to.Int16(from.Int16());
            to.String(from.String());
            from.Tags(to);
        }

        return to.With(from.Rest());
    }

    /// <summary>A JoinGroup response, up to version 5, that refuses the group.</summary>
    /// <param name="correlationId">Its request's.</param>
    /// <param name="version">Its request's version.</param>
    public static byte[] DenyJoin(int correlationId, short version)
    {
        if (version > LastPlainJoin)
            throw new NotSupportedException($"JoinGroup {version} cannot be refused: librdkafka asks by version {LastPlainJoin} at most");
        var to = new Writer(flexible: false);
        to.Int32(correlationId);
        if (version >= 2)
            to.Int32(0);
        to.Int16(GroupAuthorizationFailed);
        to.Int32(-1);
        to.String("");
        to.String("");
        to.String("");
        to.Count(0);
        return to.With([]);
    }

    /// <summary>A Metadata response with no brokers and one topic, as a broker that stops gives one.</summary>
    /// <param name="correlationId">Its request's.</param>
    /// <param name="version">Its request's version.</param>
    /// <param name="topic">The topic.</param>
    public static byte[] NoBrokers(int correlationId, short version, string topic)
    {
        var flexible = version >= FirstFlexibleMetadata;
        var to = new Writer(flexible);
        to.Int32(correlationId);
        to.NoTags();
        if (version >= 3)
            to.Int32(0);
        to.Count(0);
        if (version >= 2)
            to.String(null);
        if (version >= 1)
            to.Int32(-1);

        to.Count(1);
        to.Int16(LeaderNotAvailable);
        to.String(topic);
        if (version >= 10)
            to.Bytes(new byte[16]);
        if (version >= 1)
            to.Bytes([0]);
        to.Count(0);
        if (version >= 8)
            to.Int32(int.MinValue);
        to.NoTags();

        if (version is >= 8 and <= 10)
            to.Int32(int.MinValue);
        if (version >= 13)
            to.Int16(0);
        to.NoTags();
        return to.With([]);
    }

    private static void CopyHeader(Reader from, Writer to)
    {
        to.Int32(from.Int32());
        from.Tags(to);
    }

    private sealed class Reader(byte[] bytes, bool flexible)
    {
        private int _at;

        public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

        public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

        public int Count() => flexible ? VarInt() - 1 : Int32();

        public string? String()
        {
            var length = flexible ? VarInt() - 1 : Int16();
            return length < 0 ? null : Encoding.UTF8.GetString(Take(length));
        }

        public void Tags(Writer to)
        {
            if (!flexible)
                return;
            var count = VarInt();
            to.VarInt(count);
            for (var i = 0; i < count; i++)
            {
                to.VarInt(VarInt());
                var length = VarInt();
                to.VarInt(length);
                to.Bytes(Take(length));
            }
        }

        public ReadOnlySpan<byte> Rest() => bytes.AsSpan(_at);

        private int VarInt()
        {
            var value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var next = bytes[_at++];
                value |= (next & 0x7f) << shift;
                if ((next & 0x80) == 0)
                    return value;
            }
        }

        private ReadOnlySpan<byte> Take(int length)
        {
            _at += length;
            return bytes.AsSpan(_at - length, length);
        }
    }

    private sealed class Writer(bool flexible)
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        public void Int16(short value)
        {
            Span<byte> bytes = stackalloc byte[2];
            BinaryPrimitives.WriteInt16BigEndian(bytes, value);
            Bytes(bytes);
        }

        public void Int32(int value)
        {
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
            Bytes(bytes);
        }

        public void Count(int count)
        {
            if (flexible)
                VarInt(count + 1);
            else
                Int32(count);
        }

        public void String(string? value)
        {
            var bytes = value is null ? null : Encoding.UTF8.GetBytes(value);
            if (flexible)
                VarInt((bytes?.Length ?? -1) + 1);
            else
                Int16((short)(bytes?.Length ?? -1));
            Bytes(bytes);
        }

        public void NoTags()
        {
            if (flexible)
                VarInt(0);
        }

        public void VarInt(int value)
        {
            for (; value >= 0x80; value >>= 7)
                Bytes([(byte)(value | 0x80)]);
            Bytes([(byte)value]);
        }

        public void Bytes(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

        public byte[] With(ReadOnlySpan<byte> rest)
        {
            Bytes(rest);
            return _bytes.WrittenSpan.ToArray();
        }
    }
}
