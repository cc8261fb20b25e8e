using System.Collections.Concurrent;
using System.Globalization;

namespace Testing;

/// <summary>
/// A proxy between clients and the brokers of a cluster without TLS, on ports of its own: it says of itself that it is those brokers,
/// and does to connections what networks and stopping brokers do. Its addresses stay the same through all of it.
/// </summary>
public sealed class KafkaProxy : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string Host, int Port), ProxyListener> _brokers = [];
    private readonly ConcurrentDictionary<KafkaApi, int> _answered = [];
    private readonly ConcurrentDictionary<KafkaApi, TaskCompletionSource> _held = [];
    private readonly List<(string Host, int Port)> _bootstrap;
    private readonly CancellationTokenSource _stopping = new();
    private volatile Frozen? _frozen;
    private volatile bool _refusing;
    private volatile string? _stoppingWith;
    private LostBrokers? _losing;

    private KafkaProxy(string bootstrapServers) => _bootstrap =
    [
        .. bootstrapServers.Split(',').Select(server => server.Trim().Split(':')).Select(parts => (parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture))),
    ];

    /// <summary>The address for clients.</summary>
    public string BootstrapServers => string.Join(',', _bootstrap.Select(broker => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Listener(broker).Port}")));

    /// <summary>How long each response is held back. Default none.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Whether who joins a group is told that it may not, as without READ on the group. Default no.</summary>
    public bool DenyGroups { get; set; }

    /// <summary>How many connections there are.</summary>
    public int Connections => _brokers.Values.Sum(broker => broker.Connections);

    /// <summary>Starts a proxy in front of a cluster.</summary>
    public static KafkaProxy Start(string bootstrapServers) => new(bootstrapServers);

    /// <summary>How many responses to such a request clients were given.</summary>
    public int Answered(KafkaApi api) => _answered.GetValueOrDefault(api);

    /// <summary>Ends all connections, once; clients may connect again.</summary>
    public void Drop()
    {
        foreach (var broker in _brokers.Values)
            broker.Drop();
    }

    /// <summary>Ends all connections and takes no new ones, as brokers that are down.</summary>
    public void Refuse()
    {
        _refusing = true;
        foreach (var broker in _brokers.Values)
            broker.Close();
    }

    /// <summary>Ends <see cref="Refuse"/>.</summary>
    public void Accept()
    {
        _refusing = false;
        foreach (var broker in _brokers.Values)
            broker.Open();
    }

    /// <summary>Connections stay and are taken, and no response comes through any of them.</summary>
    /// <param name="clientId">Only this client (its <c>client.id</c>) is frozen; null: all are.</param>
    public void Freeze(string? clientId = null) => _frozen ??= new Frozen(clientId);

    /// <summary>Ends <see cref="Freeze"/>: what waited comes through.</summary>
    public void Thaw()
    {
        _frozen?.Over.TrySetResult();
        _frozen = null;
    }

    /// <summary>Withholds the responses to one kind of request, and what comes behind them on their connections.</summary>
    public void Hold(KafkaApi api) => _held.TryAdd(api, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Ends <see cref="Hold"/>.</summary>
    public void Release(KafkaApi api)
    {
        if (_held.TryRemove(api, out var held))
            held.TrySetResult();
    }

    /// <summary>
    /// Answers Metadata with no brokers and one topic, as a broker that stops does in its last milliseconds, and ends the connections
    /// right behind it.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="clientId">Only this client (its <c>client.id</c>) is answered so; null: whoever asks first.</param>
    /// <returns>Completes when it has happened.</returns>
    public Task LoseBrokersAsync(string topic, string? clientId = null)
    {
        var losing = new LostBrokers(topic, clientId);
        Volatile.Write(ref _losing, losing);
        return losing.Done.Task;
    }

    /// <summary>Brokers that stop: whoever asks for Metadata is told of no brokers, and its connection ends behind that, until <see cref="Restart"/>.</summary>
    /// <param name="topic">The one topic that the answers name.</param>
    public void BeginStop(string topic) => _stoppingWith = topic;

    /// <summary>Ends <see cref="BeginStop"/>, and all connections.</summary>
    public void Restart()
    {
        _stoppingWith = null;
        Drop();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Thaw();
        foreach (var api in _held.Keys)
            Release(api);
        foreach (var broker in _brokers.Values)
            broker.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Whether the proxy takes connections.</summary>
    internal bool IsOpen => !_refusing && !_stopping.IsCancellationRequested;

    /// <summary>What becomes of a response, when its time has come.</summary>
    /// <returns>The bytes for the client, and what happens right behind them.</returns>
    internal async Task<(byte[] Response, Action? Behind)> AnswerAsync(KafkaRequest request, byte[] response)
    {
        if (Delay > TimeSpan.Zero)
            await Task.Delay(Delay, _stopping.Token);
        if (_frozen is { } frozen && (frozen.ClientId ?? request.ClientId) == request.ClientId)
            await frozen.Over.Task;
        if (_held.TryGetValue(request.Api, out var held))
            await held.Task;
        _answered.AddOrUpdate(request.Api, 1, static (_, count) => count + 1);

        if (request.Api == KafkaApi.JoinGroup && DenyGroups)
            return (KafkaFrames.DenyJoin(request.CorrelationId, request.Version), null);
        if (request.Api == KafkaApi.FindCoordinator)
            return (KafkaFrames.MoveCoordinator(response, request.Version, Move), null);
        if (request.Api != KafkaApi.Metadata)
            return (response, null);
        if (_stoppingWith is { } topic)
            return (KafkaFrames.NoBrokers(request.CorrelationId, request.Version, topic), static () => { });
        if (Volatile.Read(ref _losing) is not { } losing || (losing.ClientId ?? request.ClientId) != request.ClientId ||
            Interlocked.CompareExchange(ref _losing, null, losing) != losing)
        {
            return (KafkaFrames.MoveBrokers(response, request.Version, Move), null);
        }

        return (KafkaFrames.NoBrokers(request.CorrelationId, request.Version, losing.Topic), () =>
        {
            Drop();
            losing.Done.TrySetResult();
        }
        );

        (string Host, int Port) Move(string host, int port) => ("127.0.0.1", Listener((host, port)).Port);
    }

    private ProxyListener Listener((string Host, int Port) broker)
    {
        lock (_brokers)
        {
            if (_brokers.TryGetValue(broker, out var listener))
                return listener;
            listener = new ProxyListener(this, broker.Host, broker.Port);
            if (IsOpen)
                listener.Open();
            return _brokers[broker] = listener;
        }
    }

    private sealed record Frozen(string? ClientId)
    {
        public TaskCompletionSource Over { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed record LostBrokers(string Topic, string? ClientId)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
