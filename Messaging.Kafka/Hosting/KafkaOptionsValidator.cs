using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Messaging.Kafka.Hosting;

/// <summary>Checks <see cref="KafkaOptions"/> at the start, all at once.</summary>
internal sealed class KafkaOptionsValidator : IValidateOptions<KafkaOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, KafkaOptions options)
    {
        var failures = Failures(options).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Failures(KafkaOptions options)
    {
        var servers = options.BootstrapServers.Split(',', StringSplitOptions.TrimEntries);
        if (!Array.TrueForAll(servers, IsServer))
            yield return Describe(nameof(options.BootstrapServers), options.BootstrapServers, "host:port, several with commas", "Name the brokers, for example localhost:9092.");
        if (options.SaslMechanism is not (null or SaslMechanism.Plain or SaslMechanism.ScramSha256 or SaslMechanism.ScramSha512))
            yield return Describe(nameof(options.SaslMechanism), options.SaslMechanism, "Plain, ScramSha256, ScramSha512 or none", "Use one that your brokers offer.");
        if (options.SaslMechanism is null != string.IsNullOrEmpty(options.Username))
            yield return Describe(nameof(options.Username), options.Username, $"set together with {KafkaOptions.Section}:{nameof(options.SaslMechanism)}", "Set both, or neither.");
        if (options.Partitions is < 1 or > 1000)
            yield return Describe(nameof(options.Partitions), options.Partitions, "1 to 1000", "Take as many as workers may share the topic.");
        if (options.ReplicationFactor is not (-1 or (>= 1 and <= 10)))
            yield return Describe(nameof(options.ReplicationFactor), options.ReplicationFactor, "1 to 10, or -1 for the brokers' own", "Take 3 where there are three brokers.");
        if (options.MaxMessageBytes is < 10_000 or > 100_000_000)
            yield return Describe(nameof(options.MaxMessageBytes), options.MaxMessageBytes, "10000 to 100000000", "Take more than the largest mail.");
    }

    private static bool IsServer(string server) =>
        server.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(server.AsSpan(colon + 1), out var port) && port > 0;

    private static string Describe(string key, object? value, string allowed, string fix) =>
        $"{KafkaOptions.Section}:{key} is \"{value}\"; allowed: {allowed}. {fix} (environment: {KafkaOptions.Section}__{key})";
}
