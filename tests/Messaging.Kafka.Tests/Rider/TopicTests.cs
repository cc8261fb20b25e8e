using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using MassTransit;
using Messaging.Kafka.Tests.Contract;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Rider;

/// <summary>Topics on a broker whose own rules delete records unread, which creates topics that are asked for, and which allows nothing by itself.</summary>
public class TopicTests
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(60);

    private KafkaBroker _broker = null!;
    private string _topic = null!;
    private string _group = null!;

    [OneTimeSetUp]
    public async Task StartBroker() => _broker = await KafkaBroker.StartAsync();

    [OneTimeTearDown]
    public async Task StopBroker()
    {
        if (_broker is not null)
            await _broker.DisposeAsync();
    }

    [SetUp]
    public void Name() => (_topic, _group) = (KafkaFixture.UniqueName("topics"), KafkaFixture.UniqueName("topics-group"));

    [Test]
    public async Task What_is_created_here_has_what_the_promises_need_and_not_the_clusters_rules()
    {
        await using var host = await StartAsync(asAdmin: true, endpoint =>
        {
            endpoint.CreateIfMissing(topic => topic.NumPartitions = 2);
            endpoint.DelayTiers(TimeSpan.FromSeconds(1));
        });

        foreach (var topic in new[] { _topic, _topic + ".dlt", _topic + ".delay.1s" })
        {
            var settings = await _broker.SettingsAsync(topic);
            settings["cleanup.policy"].Value.ShouldBe("delete");
            settings["retention.bytes"].Value.ShouldBe("-1");
            settings["unclean.leader.election.enable"].Value.ShouldBe("false");
            settings["min.insync.replicas"].Value.ShouldBe("1");
            settings["min.insync.replicas"].Source.ShouldBe(ConfigSource.DynamicTopicConfig);
        }

        (await _broker.SettingsAsync(_topic))["retention.ms"].Value.ShouldBe("-1");
        (await _broker.SettingsAsync(_topic + ".delay.1s"))["message.timestamp.type"].Value.ShouldBe("CreateTime");
        await Eventually.Until(async () => (await host.HealthAsync()).Description == "ready", Within, "all of it is well");
    }

    [Test]
    public async Task A_compacted_topic_is_refused()
    {
        await CreateAsync(_topic);
        await CreateAsync(_topic + ".dlt", ("cleanup.policy", "delete"));
        await using var host = await StartAsync(asAdmin: true, awaitReady: false);

        var exception = await Should.ThrowAsync<ConfigurationException>(Started(host));
        exception.Message.ShouldContain($"Topic {_topic} is not used: cleanup.policy is compact, and should be delete");
        exception.Message.ShouldContain($"--entity-name {_topic} --add-config cleanup.policy=delete");
        (await host.HealthAsync()).Status.ShouldBe(HealthStatus.Unhealthy);
    }

    [Test]
    public async Task A_compacted_topic_is_refused_by_brokers_that_tell_its_settings_late_and_not_read_before()
    {
        await CreateAsync(_topic);
        await CreateAsync(_topic + ".dlt", ("cleanup.policy", "delete"));
        await using var proxy = KafkaProxy.Start(_broker.BootstrapServers);
        proxy.Hold(KafkaApi.DescribeConfigs);
        await using var host = await StartAsync(asAdmin: true, awaitReady: false, servers: proxy.BootstrapServers);

        // Longer than a question to the brokers takes at most.
        await Task.Delay(TimeSpan.FromSeconds(8));
        host.Rider.Ready.IsCompleted.ShouldBeFalse();
        proxy.Answered(KafkaApi.JoinGroup).ShouldBe(0);
        proxy.Release(KafkaApi.DescribeConfigs);
        await Should.ThrowAsync<ConfigurationException>(Started(host));
    }

    [Test]
    public async Task An_existing_topic_whose_settings_may_lose_records_degrades_health_with_the_setting_and_the_command()
    {
        await CreateAsync(_topic, ("cleanup.policy", "delete"), ("retention.ms", "86400000"));
        await CreateAsync(_topic + ".dlt", ("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1"), ("max.message.bytes", "1000"));
        await using var host = await StartAsync(asAdmin: true);

        var health = await host.HealthAsync();
        health.Status.ShouldBe(HealthStatus.Degraded);
        health.Description!.ShouldContain($"topic {_topic}: retention.ms is 86400000, and should be -1");
        health.Description!.ShouldContain("retention.bytes is 1048576, and should be -1");
        health.Description!.ShouldContain($"topic {_topic}.dlt: max.message.bytes is 1000, and should be 1048588 at least, as of {_topic}");
        health.Description!.ShouldContain($"kafka-configs.sh --bootstrap-server <server> --alter --entity-type topics --entity-name {_topic} --add-config retention.ms=-1");

        using var admin = _broker.AdminClient();
        await admin.IncrementalAlterConfigsAsync(new Dictionary<ConfigResource, List<ConfigEntry>>
        {
            [new ConfigResource { Type = ResourceType.Topic, Name = _topic }] = [new ConfigEntry { Name = "cleanup.policy", Value = "compact", IncrementalOperation = AlterConfigOpType.Set }],
        });
        await Eventually.Until(async () => (await host.HealthAsync()).Status == HealthStatus.Unhealthy, TimeSpan.FromSeconds(90), "a topic that is compacted later turns health red");
        await SaysAsync(host, "cleanup.policy is compact, and should be delete");
    }

    [Test]
    public async Task No_client_of_the_rider_has_a_topic_created_by_asking_for_it()
    {
        await using var host = await StartAsync(asAdmin: true, awaitReady: false, produces: true);

        await Should.ThrowAsync<KafkaTopicsMissingException>(Started(host));
        await using (var producing = await RiderHost.StartAsync(_broker.BootstrapServers, _ => { }, (_, kafka) => kafka.DeliveryTimeout = TimeSpan.FromSeconds(3), host: Login(asAdmin: true)))
            await Should.ThrowAsync<KafkaProduceException>(producing.Rider.RawProducer.Produce(_topic + "-raw", null, [1], []));
        _broker.Topics().ShouldNotContain(topic => topic.StartsWith(_topic, StringComparison.Ordinal));
    }

    [Test]
    public async Task What_is_refused_at_start_is_named_and_waited_for()
    {
        await using var host = await StartAsync(asAdmin: false, endpoint => endpoint.CreateIfMissing(), awaitReady: false);

        await SaysAsync(host, $"DESCRIBE on topic {_topic} is refused");
        await _broker.AllowAsync(AclOperation.Describe, ResourceType.Topic, _topic);
        await _broker.AllowAsync(AclOperation.Describe, ResourceType.Topic, _topic + ".dlt");
        await SaysAsync(host, $"CREATE on the cluster, or on topic {_topic}, {_topic}.dlt, is refused");
        await _broker.AllowAsync(AclOperation.Create, ResourceType.Topic, _topic);
        await _broker.AllowAsync(AclOperation.Create, ResourceType.Topic, _topic + ".dlt");
        await SaysAsync(host, $"READ on topic {_topic} is refused");
        await SaysAsync(host, $"READ on group {_group} is refused");
        await SaysAsync(host, $"WRITE on topic {_topic}.dlt is refused");
        await _broker.AllowAsync(AclOperation.Read, ResourceType.Group, _group);
        await _broker.AllowAsync(AclOperation.Read, ResourceType.Topic, _topic);
        await _broker.AllowAsync(AclOperation.Write, ResourceType.Topic, _topic + ".dlt");
        await Eventually.Until(async () => (await host.HealthAsync()).Description == "ready", Within, "what was granted heals");
        await host.Rider.Ready.WaitAsync(Within);
    }

    [Test]
    public async Task A_quota_that_is_used_up_is_a_metric()
    {
        await CreateAsync(_topic, ("cleanup.policy", "delete"));
        await _broker.AllowAsync(AclOperation.Write, ResourceType.Topic, _topic);
        await _broker.AllowAsync(AclOperation.Describe, ResourceType.Topic, _topic);
        await _broker.LimitWritesAsync(bytesPerSecond: 20_000);
        try
        {
            var longest = 0.0;
            using var listener = new MeterListener();
            listener.InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "kafka.rider.throttle.duration")
                    self.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => longest = Math.Max(longest, seconds));
            listener.Start();
            await using var host = await RiderHost.StartAsync(_broker.BootstrapServers, _ => { }, (_, kafka) => kafka.DeliveryTimeout = Within, host: Login(asAdmin: false));

            await Eventually.Until(
                async () =>
                {
                    await host.Rider.RawProducer.Produce(_topic, null, new byte[50_000], []);
                    return longest > 0;
                },
                Within,
                "requests are held back");
        }
        finally
        {
            await _broker.LimitWritesAsync(bytesPerSecond: null);
        }
    }

    [Test]
    public async Task A_host_whose_login_every_broker_refuses_ends_within_its_time()
    {
        var host = await RiderHost.StartAsync(
            _broker.BootstrapServers, _ => { },
            (_, kafka) => kafka.TopicEndpoint<string, Order>(_topic, _group, endpoint => endpoint.Handler<Order>(_ => Task.CompletedTask)),
            host: host => host.UseSasl(sasl => (sasl.Mechanism, sasl.Username, sasl.Password) = (SaslMechanism.Plain, KafkaBroker.User, "wrong")), awaitReady: false);
        await SaysAsync(host, "uthentication");

        await host.DisposeAsync().AsTask().WaitAsync(Within);
    }

    private static async Task SaysAsync(RiderHost host, string words) =>
        await Eventually.Until(async () => (await host.HealthAsync()).Description!.Contains(words, StringComparison.Ordinal), Within, $"health says: {words}",
            async () => (await host.HealthAsync()).Description!);

    // By the start itself: a bus that has stopped again does not know its rider any more.
    private static Task Started(RiderHost host) => host.Starting.WaitAsync(Within);

    private async Task CreateAsync(string topic, params (string Name, string Value)[] settings)
    {
        using var admin = _broker.AdminClient();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = 2, Configs = settings.ToDictionary(setting => setting.Name, setting => setting.Value) }]);
    }

    private static Action<IKafkaHostConfigurator> Login(bool asAdmin) => host => host.UseSasl(sasl =>
    {
        sasl.Mechanism = SaslMechanism.Plain;
        sasl.Username = sasl.Password = asAdmin ? "admin" : KafkaBroker.User;
    });

    private Task<RiderHost> StartAsync(
        bool asAdmin, Action<IKafkaTopicReceiveEndpointConfigurator<string, Order>>? configure = null, bool awaitReady = true, bool produces = false, string? servers = null) => RiderHost.StartAsync(
        servers ?? _broker.BootstrapServers,
        rider =>
        {
            if (produces)
                rider.AddProducer<string, Order>(_topic);
        },
        (_, kafka) =>
        {
            kafka.DeliveryTimeout = TimeSpan.FromSeconds(3);
            kafka.ReviveAfter = TimeSpan.FromSeconds(5);
            kafka.TopicEndpoint<string, Order>(_topic, _group, endpoint =>
            {
                endpoint.Handler<Order>(_ => Task.CompletedTask);
                configure?.Invoke(endpoint);
            });
        },
        host: Login(asAdmin), awaitReady: awaitReady);
}
