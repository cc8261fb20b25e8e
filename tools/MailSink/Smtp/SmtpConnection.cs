using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MailSink.Smtp;

/// <summary>
/// One client's connection: lines and mail in, replies out. Replies are gathered and sent when nothing more is there to read,
/// as RFC 2920 (PIPELINING) asks. Owned by one session; only <see cref="Stop"/> and <see cref="Abort"/> are called by others.
/// </summary>
internal sealed class SmtpConnection : IAsyncDisposable
{
    private static readonly StreamPipeReaderOptions ReaderOptions = new(bufferSize: 16 * 1024, leaveOpen: true);
    private static readonly StreamPipeWriterOptions WriterOptions = new(leaveOpen: true);

    private readonly Socket _socket;
    private readonly TimeProvider _timeProvider;
    private readonly TimeSpan _idleTimeout;
    private readonly ITimer _idle;
    // Never disposed: Stop may come while the session ends, and without a timer it holds nothing.
    private readonly CancellationTokenSource _stop = new();
    private Stream _stream;
    private volatile PipeReader _input;
    private PipeWriter _output;
    private volatile bool _timedOut;

    public SmtpConnection(Socket socket, TimeSpan idleTimeout, TimeProvider timeProvider)
    {
        socket.NoDelay = true;
        (_socket, _idleTimeout, _timeProvider) = (socket, idleTimeout, timeProvider);
        Client = (socket.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "unknown";
        _stream = new NetworkStream(socket, ownsSocket: true);
        (_input, _output) = (PipeReader.Create(_stream, ReaderOptions), PipeWriter.Create(_stream, WriterOptions));
        _idle = timeProvider.CreateTimer(_ => TimeOut(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The client's IP address.</summary>
    public string Client { get; }

    public bool IsTls => _stream is SslStream;

    /// <summary>Puts a reply with those to be sent.</summary>
    public void Write(SmtpReply reply) => _output.Write(reply.Wire);

    /// <summary>Sends what was written; a client that does not read is cut off by <see cref="Abort"/>.</summary>
    public async ValueTask FlushAsync() => await _output.FlushAsync();

    /// <summary>Reads a line up to its LF, without CR LF. A line longer than allowed is read to its end and thrown away.</summary>
    public async ValueTask<SmtpInput> ReadLineAsync(int longest)
    {
        var tooLong = false;
        while (true)
        {
            var result = await ReadAsync();
            var buffer = result.Buffer;
            if (result.IsCanceled)
                return Interrupted(buffer);

            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                tooLong |= line.Length >= longest;
                var text = tooLong ? "" : Encoding.UTF8.GetString(line).TrimEnd('\r');
                _input.AdvanceTo(buffer.GetPosition(1, end));
                return tooLong ? new SmtpInput(SmtpInputKind.TooLong) : new SmtpInput(SmtpInputKind.Line, text);
            }

            tooLong |= buffer.Length >= longest;
            _input.AdvanceTo(tooLong ? buffer.End : buffer.Start, buffer.End);
            if (result.IsCompleted)
                return new SmtpInput(SmtpInputKind.Closed);
        }
    }

    /// <summary>Reads a mail up to its last dot; <see cref="SmtpInputKind.Line"/> when it is whole.</summary>
    public async ValueTask<SmtpInput> ReadMailAsync(DataDecoder decoder)
    {
        while (true)
        {
            var result = await ReadAsync();
            var buffer = result.Buffer;
            if (result.IsCanceled)
                return Interrupted(buffer);

            _input.AdvanceTo(buffer.GetPosition(Decode(decoder, buffer)));
            if (decoder.IsDone)
                return new SmtpInput(SmtpInputKind.Line);
            if (result.IsCompleted)
                return new SmtpInput(SmtpInputKind.Closed);
        }
    }

    /// <summary>Reads so many octets, whatever they are; <see cref="SmtpInputKind.Line"/> when all are there.</summary>
    /// <param name="octets">How many.</param>
    /// <param name="mail">Where they go; null throws them away.</param>
    public async ValueTask<SmtpInput> ReadChunkAsync(long octets, MailBuffer? mail)
    {
        while (octets > 0)
        {
            var result = await ReadAsync();
            if (result.IsCanceled)
                return Interrupted(result.Buffer);

            var part = result.Buffer.Slice(0, Math.Min(octets, result.Buffer.Length));
            foreach (var segment in part)
                mail?.Append(segment.Span);
            octets -= part.Length;
            _input.AdvanceTo(part.End);
            if (result.IsCompleted && octets > 0)
                return new SmtpInput(SmtpInputKind.Closed);
        }

        return new SmtpInput(SmtpInputKind.Line);
    }

    /// <summary>Waits until the client closes the connection, the time-out comes or the server stops, whatever is sent.</summary>
    public async ValueTask WaitForEndAsync()
    {
        await FlushAsync();
        _idle.Change(_idleTimeout, Timeout.InfiniteTimeSpan);
        while (true)
        {
            var result = await _input.ReadAsync();
            _input.AdvanceTo(result.Buffer.End);
            if (result.IsCanceled || result.IsCompleted)
                return;
        }
    }

    /// <summary>Waits; replies given before are sent first.</summary>
    /// <exception cref="OperationCanceledException">The server stops.</exception>
    public async ValueTask DelayAsync(TimeSpan delay)
    {
        await FlushAsync();
        await Task.Delay(delay, _timeProvider, _stop.Token);
    }

    /// <summary>Waits for a task; replies given before are sent first.</summary>
    /// <exception cref="OperationCanceledException">The server stops.</exception>
    public async ValueTask HoldAsync(Task until)
    {
        await FlushAsync();
        await until.WaitAsync(_stop.Token);
    }

    /// <summary>Becomes a TLS connection. What the client sent ahead in plain text is thrown away, as nobody vouches for it (RFC 3207, 5).</summary>
    public async Task UpgradeAsync(X509Certificate2 certificate)
    {
        await FlushAsync();
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        using var limit = new CancellationTokenSource(_idleTimeout, _timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        await _input.CompleteAsync();
        await _output.CompleteAsync();
        (_stream, _input, _output) = (tls, PipeReader.Create(tls, ReaderOptions), PipeWriter.Create(tls, WriterOptions));
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, either.Token);
    }

    /// <summary>Ends reading and waiting, so that the session can say good-bye.</summary>
    public void Stop()
    {
        _stop.Cancel();
        _input.CancelPendingRead();
    }

    /// <summary>Cuts the connection.</summary>
    public void Abort() => _socket.Dispose();

    public async ValueTask DisposeAsync()
    {
        await _idle.DisposeAsync();
        await _stream.DisposeAsync();
    }

    private static long Decode(DataDecoder decoder, ReadOnlySequence<byte> buffer)
    {
        var consumed = 0L;
        foreach (var segment in buffer)
        {
            consumed += decoder.Decode(segment.Span);
            if (decoder.IsDone)
                break;
        }

        return consumed;
    }

    private async ValueTask<ReadResult> ReadAsync()
    {
        if (_input.TryRead(out var buffered))
            return buffered;

        await FlushAsync();
        _idle.Change(_idleTimeout, Timeout.InfiniteTimeSpan);
        var result = await _input.ReadAsync();
        _idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return result;
    }

    private SmtpInput Interrupted(ReadOnlySequence<byte> buffer)
    {
        _input.AdvanceTo(buffer.Start);
        return new SmtpInput(_timedOut ? SmtpInputKind.TimedOut : SmtpInputKind.Stopping);
    }

    private void TimeOut()
    {
        _timedOut = true;
        _input.CancelPendingRead();
    }
}

/// <summary>What came of reading.</summary>
internal readonly record struct SmtpInput(SmtpInputKind Kind, string Text = "");

internal enum SmtpInputKind
{
    Line,
    TooLong,
    Closed,
    TimedOut,
    Stopping,
}
