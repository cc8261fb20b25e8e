using Confluent.Kafka;

namespace Messaging.Kafka;

/// <summary>
/// A client to ask Kafka by, replaced where it has got no answer for a while: a dead client and a cluster out of reach look the same to
/// whoever has one client only (https://github.com/confluentinc/librdkafka/issues/5301). Made with the first question; for any thread.
/// </summary>
/// <param name="create">Makes one.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="renewed">Told of each replacement.</param>
internal sealed class RenewedClient<TClient>(Func<TClient> create, TimeProvider timeProvider, Action? renewed = null) : IDisposable
    where TClient : class, IClient
{
    /// <summary>How long questions fail before another client asks them.</summary>
    public static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How much longer than its own timeout a question may take. An admin client that meets an answer which it does not understand, such as
    /// brokers that have only just come back give, closes itself and never ends its open questions
    /// (https://github.com/confluentinc/confluent-kafka-dotnet/issues/2471).
    /// </summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private Lease? _lease;
    private long? _failingSince;
    private bool _disposed;

    /// <summary>Asks a question.</summary>
    /// <param name="ask">The question.</param>
    /// <param name="timeout">Its own timeout, after which the client says that Kafka does not answer. One that does not say so is replaced.</param>
    /// <exception cref="KafkaException">Kafka does not answer, or refuses.</exception>
    public async Task<T> AskAsync<T>(Func<TClient, Task<T>> ask, TimeSpan timeout)
    {
        var lease = Take();
        var asking = HoldAsync(lease, ask);
        try
        {
            var result = await asking.WaitAsync(timeout + Grace, timeProvider);
            Answered();
            return result;
        }
        catch (KafkaException exception)
        {
            Failed(lease, exception.Error);
            throw;
        }
        catch (Exception exception) when ((exception is TimeoutException && !asking.IsCompleted) || exception is ObjectDisposedException)
        {
            // It has closed itself: nobody else closes it under a question.
            Replace(lease);
            throw new KafkaException(new Error(ErrorCode.Local_TimedOut, $"The client has not answered: {exception.Message}"), exception);
        }
    }

    /// <summary>Asks a question that blocks and ends by itself.</summary>
    /// <inheritdoc cref="AskAsync" path="/exception"/>
    public T Ask<T>(Func<TClient, T> ask) => AskAsync(client => Task.FromResult(ask(client)), TimeSpan.Zero).GetAwaiter().GetResult();

    /// <summary>Closes the client, behind the last question that is still open.</summary>
    public void Dispose()
    {
        lock (_lock)
            _disposed = true;
        Retire(null);
    }

    private async Task<T> HoldAsync<T>(Lease lease, Func<TClient, Task<T>> ask)
    {
        try
        {
            return await ask(lease.Client);
        }
        finally
        {
            Return(lease);
        }
    }

    private Lease Take()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _lease ??= new Lease(create());
            _lease.Users++;
            return _lease;
        }
    }

    // A client that is disposed of under a call that still waits crashes the process: its last user does it.
    private void Return(Lease lease)
    {
        lock (_lock)
        {
            if (--lease.Users > 0 || !lease.Retired)
                return;
        }

        lease.Client.Dispose();
    }

    private void Answered()
    {
        lock (_lock)
            _failingSince = null;
    }

    private void Failed(Lease lease, Error error)
    {
        lock (_lock)
        {
            // A broker that refuses has answered.
            if (!error.IsLocalError)
            {
                _failingSince = null;
                return;
            }

            _failingSince ??= timeProvider.GetTimestamp();
            if (timeProvider.GetElapsedTime(_failingSince.Value) < RenewAfter)
                return;
        }

        Replace(lease);
    }

    // Of several questions to one client the first is told of: the others find it replaced.
    private void Replace(Lease lease)
    {
        if (Retire(lease))
            renewed?.Invoke();
    }

    /// <param name="lease">The client to retire, where it is the present one; null: whichever is.</param>
    /// <returns>Whether it was that.</returns>
    private bool Retire(Lease? lease)
    {
        lock (_lock)
        {
            if (_lease is not { } current || (lease is not null && !ReferenceEquals(current, lease)))
                return false;
            current.Retired = true;
            (_lease, _failingSince) = (null, null);
            if (current.Users > 0)
                return true;
            lease = current;
        }

        lease.Client.Dispose();
        return true;
    }

    private sealed class Lease(TClient client)
    {
        public TClient Client { get; } = client;

        public int Users { get; set; }

        public bool Retired { get; set; }
    }
}
