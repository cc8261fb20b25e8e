using Confluent.Kafka;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Faults;

/// <summary>
/// Why a client must be watched from outside: a stopping broker's last Metadata names no brokers, and librdkafka 2.16.0 may then do
/// nothing any more, without an error (https://github.com/confluentinc/librdkafka/issues/5301).
/// </summary>
public class DeadClientTests
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(30);

    /// <summary>How long a client is watched that must not come back by itself: several times what a healthy one takes.</summary>
    private static readonly TimeSpan Dead = TimeSpan.FromSeconds(5);

    [Test]
    public async Task A_client_that_lost_its_brokers_is_dead_until_they_are_added_again()
    {
        var kafka = await KafkaFixture.StartAsync();
        await using var proxy = KafkaProxy.Start(kafka.BootstrapServers);
        var topic = await kafka.CreateTopicAsync(KafkaFixture.UniqueName("dead-client"));
        using var client = new AdminClientBuilder(new AdminClientConfig
        {
            BootstrapServers = proxy.BootstrapServers,
            Debug = "metadata",
        }).SetLogHandler(LostBrokers.Log).Build();
        client.GetMetadata(topic, Within).Brokers.ShouldHaveSingleItem();

        var lost = proxy.LoseBrokersAsync(topic);
        client.GetMetadata(topic, Within).Brokers.ShouldBeEmpty();
        await lost.WaitAsync(Within);

        Should.Throw<KafkaException>(() => client.GetMetadata(topic, Dead));
        kafka.Records.EndOffsets(topic).ShouldNotBeEmpty("Kafka answers whoever asks anew");
        client.AddBrokers(proxy.BootstrapServers);
        client.GetMetadata(topic, Within).Brokers.ShouldHaveSingleItem();
    }
}

/// <summary>Slows librdkafka's main thread where that makes it lose its brokers without luck.</summary>
internal static class LostBrokers
{
    /// <summary>A log handler that sleeps while a Metadata response is parsed: the connection's end is known before that is over.</summary>
    public static void Log(object client, LogMessage message)
    {
        if (message.Message.Contains("===== Received metadata", StringComparison.Ordinal))
            Thread.Sleep(500);
    }
}
