using System.Buffers;

namespace MailSink.Smtp;

/// <summary>The content of the mail that is coming in.</summary>
/// <param name="limit">Bytes to store at most; the rest is thrown away.</param>
internal sealed class MailBuffer(int limit)
{
    private const int LongestLine = 1000;
    private const int BufferToKeep = 1024 * 1024;

    private readonly int _limit = limit;
    private ArrayBufferWriter<byte> _mail = new(4096);

    /// <summary>The mail was longer than the limit; what is stored is not whole.</summary>
    public bool IsTooBig { get; private set; }

    /// <summary>Whether a line is longer than 1000 octets with its CR LF (RFC 5321, 4.5.3.1.6).</summary>
    public bool HasLineTooLong
    {
        get
        {
            var rest = _mail.WrittenSpan;
            for (var end = rest.IndexOf("\r\n"u8); end >= 0; end = rest.IndexOf("\r\n"u8))
            {
                if (end + 2 > LongestLine)
                    return true;
                rest = rest[(end + 2)..];
            }

            return rest.Length > LongestLine;
        }
    }

    /// <summary>What is stored so far.</summary>
    public byte[] ToArray() => _mail.WrittenSpan.ToArray();

    /// <summary>Makes ready for the next mail.</summary>
    public void Reset()
    {
        if (_mail.Capacity > BufferToKeep)
            _mail = new ArrayBufferWriter<byte>(4096);
        else
            _mail.ResetWrittenCount();

        IsTooBig = false;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        IsTooBig |= _mail.WrittenCount + bytes.Length > _limit;
        if (!IsTooBig)
            _mail.Write(bytes);
    }
}
