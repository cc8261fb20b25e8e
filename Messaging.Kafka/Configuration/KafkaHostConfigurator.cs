using Confluent.Kafka;
using MassTransit;

namespace Messaging.Kafka.Configuration;

/// <summary>Gathers how the cluster is reached.</summary>
internal sealed class KafkaHostConfigurator(HostClientConfig config) : IKafkaHostConfigurator
{
    private bool _sasl;
    private bool _ssl;
    private int _hosts;

    public Func<string, string?>? ExplainRefusal
    {
        set => config.ExplainRefusal = value;
    }

    public void Set(string key, string value) => config.Overrides[key] = value;

    public void Configure(IReadOnlyList<string> servers, Action<IKafkaHostConfigurator>? configure)
    {
        _hosts++;
        config.BootstrapServers = string.Join(',', servers);
        configure?.Invoke(this);
    }

    public void UseSasl(Action<IKafkaSaslConfigurator> configure)
    {
        _sasl = true;
        configure(new SaslConfigurator(config));
    }

    public void UseSsl(Action<IKafkaSslConfigurator>? configure = null)
    {
        _ssl = true;
        configure?.Invoke(new SslConfigurator(config));
    }

    /// <summary>Checks the settings, once all are known, and makes the protocol of what is used where nobody named it.</summary>
    /// <param name="refreshesTokens">Whether a handler fetches OAUTHBEARER tokens.</param>
    public IEnumerable<(string Key, string Message)> Validate(bool refreshesTokens)
    {
        if (_hosts > 1)
            yield return ("Host", "is configured more than once: a rider has one cluster");
        if (_sasl || _ssl)
            config.SecurityProtocol ??= (_sasl, _ssl) switch { (true, true) => SecurityProtocol.SaslSsl, (true, _) => SecurityProtocol.SaslPlaintext, _ => SecurityProtocol.Ssl };
        foreach (var problem in SecurityRules.Validate(config, _sasl, _ssl, refreshesTokens))
            yield return problem;
    }
}
