using System.Buffers;

namespace MailSink.Smtp;

/// <summary>
/// Takes the bytes after DATA as they come, removes the dots that were stuffed and finds the end (RFC 5321, 4.5.2).
/// Only CR LF ends a line: a server that takes a bare LF for one can be made to see two mails where the client sent one.
/// </summary>
/// <param name="limit">Bytes to keep at most; the rest is read and thrown away.</param>
internal sealed class DataDecoder(int limit)
{
    private const int LongestLine = 1000;
    private const int BufferToKeep = 1024 * 1024;

    private readonly int _limit = limit;
    private ArrayBufferWriter<byte> _mail = new(4096);
    private State _state;
    private int _line;

    private enum State
    {
        LineStart,
        Text,
        Cr,
        Dot,
        DotCr,
        Done,
    }

    public bool IsDone => _state == State.Done;

    /// <summary>The mail was longer than the limit; what is kept is not whole.</summary>
    public bool IsTooBig { get; private set; }

    /// <summary>A line was longer than 1000 octets with its CR LF (RFC 5321, 4.5.3.1.6).</summary>
    public bool HasLineTooLong { get; private set; }

    /// <summary>The mail decoded so far.</summary>
    public byte[] ToArray() => _mail.WrittenSpan.ToArray();

    /// <summary>Makes ready for the next mail.</summary>
    public void Reset()
    {
        if (_mail.Capacity > BufferToKeep)
            _mail = new ArrayBufferWriter<byte>(4096);
        else
            _mail.ResetWrittenCount();

        (_state, _line, IsTooBig, HasLineTooLong) = (State.LineStart, 0, false, false);
    }

    /// <summary>Decodes up to the end of the mail or of the bytes.</summary>
    /// <returns>How many bytes belong to the mail; fewer than given only when it is done.</returns>
    public int Decode(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length && _state != State.Done)
        {
            var next = bytes[at];
            switch (_state)
            {
                case State.LineStart when next == '.':
                    (_state, at) = (State.Dot, at + 1);
                    break;
                case State.Dot when next == '\r':
                    (_state, at) = (State.DotCr, at + 1);
                    break;
                case State.DotCr when next == '\n':
                    (_state, at) = (State.Done, at + 1);
                    break;
                case State.DotCr:
                    // The dot was stuffed before a CR that ends no line: the CR is text.
                    Keep("\r"u8);
                    _state = State.Cr;
                    break;
                case State.Cr when next == '\n':
                    Keep("\n"u8);
                    EndLine();
                    at++;
                    break;
                case State.Cr when next == '\r':
                    Keep("\r"u8);
                    at++;
                    break;
                default:
                    at += KeepText(bytes[at..]);
                    break;
            }
        }

        return at;
    }

    private int KeepText(ReadOnlySpan<byte> bytes)
    {
        var cr = bytes.IndexOf((byte)'\r');
        var text = cr < 0 ? bytes : bytes[..(cr + 1)];
        Keep(text);
        _state = cr < 0 ? State.Text : State.Cr;
        return text.Length;
    }

    private void EndLine()
    {
        HasLineTooLong |= _line > LongestLine;
        (_state, _line) = (State.LineStart, 0);
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        _line += bytes.Length;
        IsTooBig |= _mail.WrittenCount + bytes.Length > _limit;
        if (!IsTooBig)
            _mail.Write(bytes);
    }
}
