using Confluent.Kafka;

namespace Messaging.Kafka.Configuration;

/// <summary>What settings of a single client may not say otherwise than the rider's host. No I/O.</summary>
internal static class ClientRules
{
    /// <summary>Refuses settings that name another cluster than the rider's: its topics are looked for in that one.</summary>
    public static IEnumerable<(string Key, string Message)> ValidateCluster(ClientConfig config, ClientConfig host)
    {
        if (config.BootstrapServers is { } servers && servers != host.BootstrapServers)
            yield return ("BootstrapServers", $"is {servers}, and the rider's host is {host.BootstrapServers}: a rider has one cluster; leave it out");
    }
}
