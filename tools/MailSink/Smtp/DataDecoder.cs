namespace MailSink.Smtp;

/// <summary>
/// Takes the bytes after DATA as they come, removes the dots that were stuffed and finds the end (RFC 5321, 4.5.2).
/// Only CR LF ends a line: a server that takes a bare LF for one can be made to see two mails where the client sent one.
/// </summary>
/// <param name="mail">Where the mail goes; a decoder is for one.</param>
internal sealed class DataDecoder(MailBuffer mail)
{
    private readonly MailBuffer _mail = mail;
    private State _state;

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
                    _mail.Append("\r"u8);
                    _state = State.Cr;
                    break;
                case State.Cr when next == '\n':
                    _mail.Append("\n"u8);
                    (_state, at) = (State.LineStart, at + 1);
                    break;
                case State.Cr when next == '\r':
                    _mail.Append("\r"u8);
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
        _mail.Append(text);
        _state = cr < 0 ? State.Text : State.Cr;
        return text.Length;
    }
}
