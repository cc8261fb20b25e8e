using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Tests.Contract;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Rider;

/// <summary>Beside members of other clients in one group, and with the brokers' own protocol (KIP-848).</summary>
public class GroupProtocolTests : ContractTests
{
    [SetUp]
    public void NeedsRealGroups() => Kafka.Require(KafkaCapability.GroupAdministration);

    [Test]
    public async Task An_endpoint_with_their_strategy_shares_the_topic_with_members_of_librdkafkas_default()
    {
        await using var other = new OtherMember(Kafka.BootstrapServers, Topic, Group);
        await Eventually.Until(() => other.Partitions == 4, null, "the other member has all partitions");
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.PartitionAssignmentStrategy = PartitionAssignmentStrategy.Range;
            endpoint.Handler<Order>(Note);
        });
        await Eventually.Until(() => other.Partitions == 2, null, "the two share the partitions");
        await ProduceToEachPartitionAsync("shared");
        await Eventually.Until(() => Seen.Count == 2 && other.Records == 2, null, "each has its share");

        await other.DisposeAsync();
        await ProduceToEachPartitionAsync("alone");
        await Eventually.Until(() => Seen.Count == 6, null, "the endpoint has all partitions");
        (await host.HealthAsync()).Status.ShouldBe(HealthStatus.Healthy);
    }

    [Test]
    public async Task An_endpoint_that_cannot_join_beside_other_members_says_what_to_set_and_joins_when_they_are_gone()
    {
        await using var other = new OtherMember(Kafka.BootstrapServers, Topic, Group);
        await Eventually.Until(() => other.Partitions == 4, null, "the other member has all partitions");
        await using var host = await RiderHost.StartAsync(
            Kafka.BootstrapServers, _ => { },
            (_, kafka) => kafka.TopicEndpoint<string, Order>(Topic, Group, endpoint => endpoint.Handler<Order>(Note)), awaitReady: false);

        var health = await Eventually.Value(
            host.HealthAsync, found => found.Description?.Contains("set PartitionAssignmentStrategy to one that they have", StringComparison.Ordinal) == true, null, "health says what to set");
        health.Status.ShouldBe(HealthStatus.Unhealthy);
        health.Description!.ShouldContain($"group {Group} has members that share partitions in another way than cooperative-sticky");

        await other.DisposeAsync();
        await ProduceToEachPartitionAsync("alone");
        await Eventually.Until(() => Seen.Count == 4, null, "the endpoint has joined");
        await Eventually.Value(host.HealthAsync, found => found.Status == HealthStatus.Healthy, null, "the rider is healthy");
    }

    [Test]
    public async Task With_the_brokers_protocol_records_are_consumed_redelivered_and_shared()
    {
        var config = new ConsumerConfig { GroupId = Group, GroupProtocol = GroupProtocol.Consumer };
        Task<RiderHost> StartAsync() => RiderHost.StartAsync(
            Kafka.BootstrapServers, _ => { },
            (_, kafka) => kafka.TopicEndpoint<string, Order>(Topic, config, endpoint =>
            {
                endpoint.CheckpointInterval = TimeSpan.FromMilliseconds(100);
                endpoint.DelayTiers(TimeSpan.FromSeconds(1));
                endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
                endpoint.Handler<Order>(context =>
                {
                    Seen.Enqueue($"{context.Message.Text} {context.GetRedeliveryCount()}");
                    return context.GetRedeliveryCount() == 0 ? throw new TimeoutException("not yet") : Task.CompletedTask;
                });
            }));

        await using var first = await StartAsync();
        await ProduceToEachPartitionAsync("first");
        await Eventually.Until(() => Seen.Count == 8, null, "all are consumed twice");
        await AllCommittedAsync();
        await using (var second = await StartAsync())
        {
            var (one, other) = (Loop(first), Loop(second));
            await Eventually.Until(() => one.Partitions.Count == 2 && other.Partitions.Count == 2, null, "the two share the partitions");
            await ProduceToEachPartitionAsync("second");
            await Eventually.Until(() => Seen.Count == 16, null, "all are consumed twice");
            (await second.HealthAsync()).Status.ShouldBe(HealthStatus.Healthy);
        }

        await ProduceToEachPartitionAsync("third");
        await Eventually.Until(() => Seen.Count == 24, null, "all are consumed twice");
        await AllCommittedAsync();
        Seen.Distinct().Count().ShouldBe(6, "as many texts and redelivery counts as there are");
        (await first.HealthAsync()).Status.ShouldBe(HealthStatus.Healthy);
    }

    private static ConsumerLoop Loop(RiderHost host) => ((KafkaRider)host.Rider).Endpoints[0].Consumer.Loop!;

    private async Task ProduceToEachPartitionAsync(string text)
    {
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = Kafka.BootstrapServers }).Build();
        for (var partition = 0; partition < 4; partition++)
            await producer.ProduceAsync(new TopicPartition(Topic, partition), new Message<Null, string> { Value = $$"""{"text":"{{text}}"}""" });
    }

    /// <summary>A member of the group as another client is one: its strategies are librdkafka's default, range and roundrobin.</summary>
    private sealed class OtherMember : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly IConsumer<byte[], byte[]> _consumer;
        private readonly Task _running;
        private int _records;

        public OtherMember(string bootstrapServers, string topic, string group)
        {
            _consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
            {
                BootstrapServers = bootstrapServers,
                GroupId = group,
                AutoOffsetReset = AutoOffsetReset.Earliest,
                SessionTimeoutMs = 10_000,
            }).Build();
            _consumer.Subscribe(topic);
            _running = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        public int Partitions => _stop.IsCancellationRequested ? 0 : _consumer.Assignment.Count;

        public int Records => Volatile.Read(ref _records);

        public async ValueTask DisposeAsync()
        {
            if (_stop.IsCancellationRequested)
                return;
            await _stop.CancelAsync();
            await _running;
            _consumer.Dispose();
        }

        private void Run()
        {
            while (!_stop.IsCancellationRequested)
            {
                if (_consumer.Consume(TimeSpan.FromMilliseconds(100)) is not null)
                    Interlocked.Increment(ref _records);
            }

            _consumer.Close();
        }
    }
}
