using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Producer.Api.Ids;

/// <summary>
/// Makes the ids of mails and recognizes them: UUIDs of version 8 (RFC 9562, 5.8) that carry a MAC under a secret which all
/// instances share, so that each recognizes an id that another issued, without a look-up and before a worker has seen the mail.
/// </summary>
/// <remarks>
/// Most significant first: 48 bits of Unix milliseconds, or of a digest where the id derives from an idempotency key; 4 bits
/// version; 1 bit that says which of the two; 11 bits random or digest; 2 bits variant; 34 bits random or digest; 28 bits MAC.
/// A guessed id passes once in 268 million times, and what it yields is the word "queued": the MAC saves a look-up and guards
/// nothing.
/// </remarks>
internal sealed class MailId : IDisposable
{
    private const int Size = 16;
    private const int MacAt = 12;
    private const byte DerivedFlag = 0b1000;

    private readonly byte[] _secret;
    // One a thread: a third of the time that a hash of its own takes.
    private readonly ThreadLocal<IncrementalHash> _macs;
    private readonly ThreadLocal<RandomBytes> _random = new(() => new RandomBytes());
    private readonly TimeProvider _timeProvider;

    /// <param name="secret">Shared by all instances. Another secret means: ids issued before are no longer recognized without Postgres.</param>
    /// <param name="timeProvider">Gives the time that new ids carry.</param>
    public MailId(ReadOnlySpan<byte> secret, TimeProvider timeProvider)
    {
        // A key of its own for this purpose, since the secret may be one that also serves others.
        _secret = HMACSHA256.HashData(secret, "mail-id"u8);
        _macs = new ThreadLocal<IncrementalHash>(() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret));
        _timeProvider = timeProvider;
    }

    /// <summary>A new id, which carries the present time.</summary>
    /// <param name="owner">The stored API key whose mail it is, which alone knows it again; null where it is none of them.</param>
    public Guid New(Guid? owner = null)
    {
        Span<byte> bytes = stackalloc byte[Size];
        _random.Value!.Next(bytes);
        var now = _timeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(now >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[2..], (uint)now);
        return Seal(bytes, derived: false, owner);
    }

    /// <summary>The id of whatever <paramref name="caller"/> posts under <paramref name="idempotencyKey"/>: the same each time.</summary>
    public Guid Derive(string caller, string idempotencyKey, Guid? owner = null)
    {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        var digest = HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes($"{caller.Length}:{caller}{idempotencyKey}"));
        return Seal(digest.AsSpan(0, Size), derived: true, owner);
    }

    /// <summary>Whether an instance with this secret made the id, for this owner; where it is not derived, also when.</summary>
    public bool IsOurs(Guid id, out DateTimeOffset? issuedAt, Guid? owner = null)
    {
        issuedAt = null;
        Span<byte> bytes = stackalloc byte[Size];
        Span<byte> expected = stackalloc byte[Size];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes.CopyTo(expected);
        WriteMac(expected, owner);
        if (bytes[6] >> 4 != 8 || bytes[8] >> 6 != 0b10 || !CryptographicOperations.FixedTimeEquals(bytes, expected))
            return false;

        if ((bytes[6] & DerivedFlag) == 0)
            issuedAt = DateTimeOffset.FromUnixTimeMilliseconds(
                ((long)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));
        return true;
    }

    public void Dispose()
    {
        _macs.Dispose();
        _random.Dispose();
    }

    private Guid Seal(Span<byte> bytes, bool derived, Guid? owner)
    {
        bytes[6] = (byte)(0x80 | (derived ? DerivedFlag : 0) | (bytes[6] & 0b0111));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        WriteMac(bytes, owner);
        return new Guid(bytes, bigEndian: true);
    }

    // Over all but the last 28 bits, which it replaces, and the owner: it is not in the id.
    private void WriteMac(Span<byte> bytes, Guid? owner)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<byte> input = stackalloc byte[2 * Size];
        bytes[MacAt] &= 0xF0;
        bytes[(MacAt + 1)..].Clear();
        bytes.CopyTo(input);
        owner?.TryWriteBytes(input[Size..], bigEndian: true, out _);
        var hash = _macs.Value!;
        hash.AppendData(owner is null ? input[..Size] : input);
        hash.GetHashAndReset(mac);
        bytes[MacAt] |= (byte)(mac[0] & 0x0F);
        mac[1..4].CopyTo(bytes[(MacAt + 1)..]);
    }

    /// <summary>Random bytes of the system's generator, fetched for many ids at once: each call takes longer than all else of an id.</summary>
    private sealed class RandomBytes
    {
        private readonly byte[] _bytes = new byte[64 * Size];
        private int _used = 64 * Size;

        public void Next(Span<byte> bytes)
        {
            if (_used == _bytes.Length)
            {
                RandomNumberGenerator.Fill(_bytes);
                _used = 0;
            }

            _bytes.AsSpan(_used, bytes.Length).CopyTo(bytes);
            _used += bytes.Length;
        }
    }
}
