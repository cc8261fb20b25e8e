using MassTransit;
using Messaging.Kafka.Tests.Contract;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Rider;

/// <summary>A bus is stopped and started again, by itself or after a start that failed.</summary>
public class RestartTests : ContractTests
{
    [Test]
    public async Task A_bus_that_was_stopped_and_started_again_produces_consumes_redelivers_and_is_healthy()
    {
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(1, TimeSpan.FromSeconds(1)));
            endpoint.Handler<Order>(context =>
            {
                Seen.Enqueue($"{context.Message.Text} {context.GetRedeliveryCount()}");
                return context.GetRedeliveryCount() == 0 ? throw new TimeoutException("not yet") : Task.CompletedTask;
            });
        });
        var expected = new List<string>();
        // MassTransit's host itself stops riders once: from the third run on, all is the rider's own doing.
        for (var run = 0; run < 4; run++)
        {
            if (run > 0)
                await host.StartAgainAsync();
            await host.ProduceAsync("k", new Order($"run {run}"));
            expected.AddRange([$"run {run} 0", $"run {run} 1"]);
            await Eventually.Until(() => Seen.SequenceEqual(expected), null, $"the order of run {run} is consumed and redelivered");
            (await Eventually.Value(host.HealthAsync, health => health.Status == HealthStatus.Healthy, null, "the rider is healthy")).Description.ShouldBe("ready");
            var endpoints = ((KafkaRider)host.Rider).Endpoints;
            await host.StopAsync();
            endpoints.ShouldAllBe(endpoint => endpoint.Consumer.Loop == null);
            Kafka.Records.Lag(Group, Topic).ShouldBe(0, "a stop commits what is completed");
        }
    }

    [Test]
    public async Task A_producer_that_is_used_while_the_bus_is_stopped_says_so_and_works_after_the_next_start()
    {
        await using var host = await StartAsync((_, endpoint) => endpoint.Handler<Order>(Note));
        await using var scope = host.Scope();
        var producer = scope.Producer<string, Order>();
        await host.StopAsync();
        (await Should.ThrowAsync<KafkaProduceException>(() => producer.Produce("k", new Order("1")))).Outcome.ShouldBe(ProduceOutcome.NotWritten);

        await host.StartAgainAsync();
        await producer.Produce("k", new Order("2"));
        await Eventually.Until(() => Seen.SequenceEqual(["2"]), null, "the order is consumed");
    }

    [Test]
    public async Task A_bus_whose_start_has_failed_starts_once_the_cause_is_gone()
    {
        Kafka.Require(KafkaCapability.TopicAdministration);
        var missing = KafkaFixture.UniqueName("missing");
        await using var host = await RiderHost.StartAsync(
            Kafka.BootstrapServers,
            rider => rider.AddProducer<string, Order>(Topic),
            (_, kafka) =>
            {
                kafka.TopicEndpoint<string, Order>(Topic, Group, endpoint => endpoint.Handler<Order>(Note));
                kafka.TopicEndpoint<string, Receipt>(missing, Group, endpoint =>
                {
                    endpoint.DeadLetterTopic = Topic + ".dlt";
                    endpoint.Handler<Receipt>(_ => Task.CompletedTask);
                });
            },
            awaitReady: false);
        (await Should.ThrowAsync<KafkaTopicsMissingException>(() => host.Starting)).Message.ShouldContain(missing);
        await Should.ThrowAsync<KafkaTopicsMissingException>(host.StartAgainAsync);

        await Kafka.CreateTopicAsync(missing);
        await host.StartAgainAsync();
        await host.ProduceAsync("k", new Order("1"));
        await Eventually.Until(() => Seen.SequenceEqual(["1"]), null, "the order is consumed");
        (await Eventually.Value(host.HealthAsync, health => health.Status == HealthStatus.Healthy, null, "the rider is healthy")).Description.ShouldBe("ready");
    }

    [Test]
    public async Task A_pause_ends_with_the_stop_and_its_record_is_delivered_unharmed_after_the_next_start()
    {
        var away = true;
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.PauseOn(pause =>
            {
                pause.When = exception => exception is TimeoutException;
                pause.Probe = (_, _) => throw new TimeoutException("still away");
                pause.MaxPausesPerMessage = 1;
            });
            endpoint.Handler<Order>(context => away ? throw new TimeoutException("away") : Note(context));
        });
        await host.ProduceAsync("k", new Order("1"));
        await Eventually.Until(() => host.Rider.Paused.Count == 1, null, "the endpoint pauses");
        var rider = host.Rider;
        await host.StopAsync();
        rider.Paused.ShouldBeEmpty();

        away = false;
        await host.StartAgainAsync();
        await Eventually.Until(() => Seen.SequenceEqual(["1"]), null, "the order is consumed");
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task A_record_that_meets_an_unavailable_dependency_during_the_stop_is_no_dead_letter()
    {
        var entered = new TaskCompletionSource();
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.PauseOn(pause =>
            {
                pause.When = exception => exception is TimeoutException;
                pause.Probe = (_, _) => Task.CompletedTask;
                pause.MaxPausesPerMessage = 3;
            });
            endpoint.Handler<Order>(async context =>
            {
                Seen.Enqueue(context.Message.Text);
                entered.TrySetResult();
                var draining = new TaskCompletionSource();
                await using var _ = context.GetPayload<KafkaConsumeRecord>().Draining.Register(() => draining.TrySetResult());
                await draining.Task;
                throw new TimeoutException("away");
            });
        });
        await host.ProduceAsync("k", new Order("1"));
        await entered.Task.WaitAsync(Eventually.DefaultDeadline);
        await host.StopAsync();

        Seen.ShouldBe(["1"]);
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
        Kafka.Records.Lag(Group, Topic).ShouldBe(1);
    }
}
