using Microsoft.AspNetCore.Http.Features;

namespace Producer.Api.Hosting;

/// <summary>
/// The body of a response to <c>HEAD</c>: nobody's. What begins it has settled the headers, so they are sent, and the request is canceled: whatever
/// would write on, such as a stream of events or a file of all failures, ends.
/// </summary>
internal sealed class HeadBody : StreamResponseBodyFeature
{
    private readonly Nothing _nothing;

    /// <param name="response">The server's body.</param>
    /// <param name="request">Cancels the request.</param>
    public HeadBody(IHttpResponseBodyFeature response, CancellationTokenSource request)
        : this(new Nothing(response, request), response)
    {
    }

    private HeadBody(Nothing nothing, IHttpResponseBodyFeature response)
        : base(nothing, response) => _nothing = nothing;

    /// <summary>The headers are sent, where a body was begun.</summary>
    public Task Started => _nothing.Started;

    /// <summary>Said before a stream whose first line may be long in coming.</summary>
    public override void DisableBuffering() => _nothing.Begin();

    private sealed class Nothing(IHttpResponseBodyFeature response, CancellationTokenSource request) : Stream
    {
        private bool _hasBegun;

        public Task Started { get; private set; } = Task.CompletedTask;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Begin()
        {
            if (_hasBegun)
                return;
            _hasBegun = true;
            Started = response.StartAsync(CancellationToken.None);
            request.Cancel();
        }

        public override void Write(byte[] buffer, int offset, int count) => Begin();

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => FlushAsync(cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => new(FlushAsync(cancellationToken));

        public override void Flush() => Begin();

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Begin();
            return Started;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
