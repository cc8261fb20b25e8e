using System.Runtime.CompilerServices;
using Confluent.Kafka;
using Messaging.Kafka.Configuration;
using Microsoft.Extensions.Logging;

namespace Messaging.Kafka;

/// <summary>Makes Kafka clients with the host's settings; their log lines and errors go to the application's log.</summary>
internal sealed class KafkaClientFactory(ClientConfig clientConfig, Action<IClient, string>? refreshOAuthBearerToken, ILogger logger, TimeProvider? timeProvider = null, KafkaRiderMetrics? metrics = null)
{
    /// <summary>
    /// The first pause before a connection is made again. It is also how often a client that has lost all its brokers begins anew, which
    /// never grows: with librdkafka's own default of 100 ms, twenty times a second.
    /// </summary>
    private const int ReconnectBackoffMs = 1_000;

    /// <summary>The librdkafka that comes with this version of Confluent.Kafka, 2.16.0: 0xMMmmrrpp, as <c>rd_kafka_version</c> has it.</summary>
    private const int OldestLibrary = 0x021000ff;

    /// <summary>How often the log may have a line that says the same again.</summary>
    private static readonly TimeSpan RepeatEvery = TimeSpan.FromSeconds(30);

    private const int StatisticsIntervalMs = 10_000;

    private readonly RepeatedLines _lines = new(RepeatEvery, timeProvider ?? TimeProvider.System);
    private readonly HostClientConfig? _host = clientConfig as HostClientConfig;

    private string? _explained;

    // What each client that was refused got since, so that it gets a password once.
    private readonly ConditionalWeakTable<IClient, string> _given = [];

    /// <summary>The brokers that refuse the login.</summary>
    public LoginRefusals Refusals { get; } = new(timeProvider ?? TimeProvider.System);

    /// <summary>The host's settings, which every client's own go over.</summary>
    public ClientConfig ClientConfig => clientConfig;

    /// <summary>
    /// What the brokers or TLS said of the last login or handshake that failed, or null. Calls that fail because of it know only that no
    /// broker answered.
    /// </summary>
    public string? Refusal { get; private set; }

    /// <summary>The cluster has answered: a refusal before that is over.</summary>
    public void ForgetRefusal() => Refusal = null;

    /// <summary>
    /// Fails where another librdkafka than the package's was loaded: consuming would fail later with an entry point not found.
    /// </summary>
    public static void EnsureLibrary()
    {
        if (Library.Version < OldestLibrary)
        {
            throw new InvalidOperationException(
                $"librdkafka {Library.VersionString} was loaded, which is too old for this version of Confluent.Kafka. " +
                "A librdkafka of the system stands before the package's own: uninstall it (Debian: apt-get remove librdkafka-dev librdkafka1).");
        }
    }

    /// <summary>Gives a client its brokers again, which revives one that has forgotten them: <see cref="ClientRemedy.AddBrokers"/>.</summary>
    public void AddBrokers(IClient client) => client.AddBrokers(clientConfig.BootstrapServers);

    /// <param name="config">Its settings.</param>
    /// <param name="failed">Told of a fatal error, by the client's own thread. Neither a produce nor a delivery report says that one is fatal.</param>
    public IProducer<byte[]?, byte[]?> CreateProducer(ProducerConfig config, Action<Error>? failed = null)
    {
        var builder = new ProducerBuilder<byte[]?, byte[]?>(Over(config, StatisticsIntervalMs))
            .SetKeySerializer(NullableBytes.Instance)
            .SetValueSerializer(NullableBytes.Instance)
            .SetLogHandler((_, message) => Log(message))
            .SetStatisticsHandler(NoteThrottling)
            .SetErrorHandler((client, error) =>
            {
                Log(client, error);
                if (error.IsFatal)
                    failed?.Invoke(error);
            });
        if (refreshOAuthBearerToken is not null)
            builder.SetOAuthBearerTokenRefreshHandler(RefreshToken);
        return builder.Build();
    }

    /// <param name="config">Its settings.</param>
    /// <param name="failed">Told of each error, by the thread that polls.</param>
    public ConsumerBuilder<byte[]?, byte[]?> CreateConsumerBuilder(ConsumerConfig config, Action<Error>? failed = null)
    {
        var builder = new ConsumerBuilder<byte[]?, byte[]?>(Over(config, StatisticsIntervalMs))
            .SetKeyDeserializer(NullableBytes.Instance)
            .SetValueDeserializer(NullableBytes.Instance)
            .SetStatisticsHandler(NoteThrottling)
            .SetLogHandler((_, message) => Log(message))
            .SetErrorHandler((client, error) =>
            {
                Log(client, error);
                failed?.Invoke(error);
            });
        if (refreshOAuthBearerToken is not null)
            builder.SetOAuthBearerTokenRefreshHandler(RefreshToken);
        return builder;
    }

    /// <param name="createsTopics">Whether topics that it asks for by name, and that are missing, are created where the cluster does that.</param>
    public IAdminClient CreateAdminClient(bool createsTopics = false)
    {
        var builder = new AdminClientBuilder(Over(new ClientConfig { AllowAutoCreateTopics = createsTopics }))
            .SetLogHandler((_, message) => Log(message))
            .SetErrorHandler((client, error) => Log(client, error));
        if (refreshOAuthBearerToken is not null)
            builder.SetOAuthBearerTokenRefreshHandler(RefreshToken);
        return builder.Build();
    }

    /// <summary>What the application's handler throws would end the consumer that polled; told as a failure, it is asked again in ten seconds.</summary>
    private void RefreshToken(IClient client, string config)
    {
        try
        {
            refreshOAuthBearerToken!(client, config);
        }
        // Whatever it throws means that there is no token yet.
        catch (Exception exception)
        {
            logger.LogError(exception, "{Client}: the OAuth token handler failed and is asked again: {Reason}", client.Name, exception.Message);
            client.OAuthBearerSetTokenFailure($"The token handler failed: {exception.Message}");
        }
    }

    private Dictionary<string, string> Over(ClientConfig config, int? statisticsInterval = null)
    {
        // A topic that is asked for by name, and is not there, would be created with the brokers' defaults.
        var settings = new ClientConfig { AllowAutoCreateTopics = false, StatisticsIntervalMs = statisticsInterval };
        foreach (var (key, value) in clientConfig.Concat(config).Concat(_host?.Overrides ?? []))
            settings.Set(key, value);
        if (_host?.Password is { } password)
            settings.SaslPassword = password() ?? "";
        settings.ReconnectBackoffMs ??= Math.Min(ReconnectBackoffMs, settings.ReconnectBackoffMaxMs ?? ReconnectBackoffMs);
        return settings.ToDictionary(setting => setting.Key, setting => setting.Value);
    }

    private void Log(LogMessage message)
    {
        var level = (LogLevel)message.LevelAs(LogLevelType.MicrosoftExtensionsLogging);
        var leftOut = 0;
        if (level <= LogLevel.Debug || _lines.MayWrite($"{message.Facility} {message.Message}", out leftOut))
            logger.Log(level, "{Client}: {Message}{More}", message.Name, message.Message, leftOut == 0 ? "" : $" (and {leftOut} lines like it)");
        // Of a connection that the broker ended, no error tells.
        if (message.Facility == "FAIL" && _host?.ExplainRefusal?.Invoke(message.Message) is { } explained)
            Refused(message.Name, explained, message.Message);
    }

    /// <summary>Quotas hold requests back without an error.</summary>
    private void NoteThrottling(IClient client, string statistics)
    {
        foreach (var throttling in Throttling.Of(statistics))
        {
            metrics?.Throttled(throttling.Broker, throttling.Longest);
            if (_lines.MayWrite($"throttled {client.Name} {throttling.Broker}", out _))
                logger.LogWarning("{Client}: broker {Broker} holds back requests by up to {Duration}: a quota is used up", client.Name, throttling.Broker, throttling.Longest);
        }
    }

    /// <summary>
    /// librdkafka recovers from all but fatal errors by itself, and says so several times a second while a broker is away. A refused login
    /// is for a person to fix: the first of them is an error in the log.
    /// </summary>
    private void Log(IClient client, Error error)
    {
        logger.Log(error.IsFatal ? LogLevel.Error : LogLevel.Debug, "{Client}: {Reason}", client.Name, error.Reason);
        var login = error.Code is ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed;
        var explained = _host?.ExplainRefusal?.Invoke(error.Reason);
        if (login || error.Code == ErrorCode.Local_Ssl)
            Refusals.Note(error.Reason);
        if (login || error.Code == ErrorCode.Local_Ssl || explained is not null)
            Refused(client.Name, explained, error.Reason);
        if (login)
            RenewPassword(client);
    }

    private void Refused(string client, string? explained, string reason)
    {
        var said = explained is null ? reason : $"{explained} ({reason})";
        if (Refusal is null || (explained is not null && explained != _explained))
            logger.LogError("{Client}: {Reason}", client, said);
        (Refusal, _explained) = (said, explained);
    }

    /// <summary>The password may have been replaced: the client gets the present one, and logs in with it when it connects the next time.</summary>
    private void RenewPassword(IClient client)
    {
        if (_host?.Password?.Invoke() is not { Length: > 0 } password || (_given.TryGetValue(client, out var given) && given == password))
            return;
        _given.AddOrUpdate(client, password);
        client.SetSaslCredentials(_host.SaslUsername, password);
        logger.LogInformation("{Client}: the brokers refuse the login, and the password is read again", client.Name);
    }

    /// <summary>Bytes as they are. The client's own byte array deserializer cannot tell an empty value from none.</summary>
    private sealed class NullableBytes : ISerializer<byte[]?>, IDeserializer<byte[]?>
    {
        public static readonly NullableBytes Instance = new();

        public byte[]? Serialize(byte[]? data, SerializationContext context) => data;

        public byte[]? Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) => isNull ? null : data.ToArray();
    }
}
