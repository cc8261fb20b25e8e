using MassTransit;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>What holds back or stops consumption: circuit breaker, kill switch, rate limiter, concurrency limit, stop and start.</summary>
public class FlowControlTests : ContractTests
{
    [Test]
    public async Task A_message_whose_retries_end_well_is_consumed_once_and_never_dead_lettered()
    {
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.UseMessageRetry(retry => retry.Immediate(3));
            endpoint.Handler<Order>(context => context.GetRetryAttempt() < 2 ? throw new InvalidOperationException("not yet") : Note(context));
        });
        await host.ProduceAsync("k", new Order("1"));

        await Eventually.Until(() => Seen.SequenceEqual(["1"]), null, "the third try consumes it");
        await AllCommittedAsync();
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task A_redelivered_message_is_consumed_when_its_cause_is_gone()
    {
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(2, TimeSpan.FromSeconds(1)));
            endpoint.Handler<Order>(context => context.GetRedeliveryCount() < 1 ? throw new InvalidOperationException("not yet") : Note(context));
        });
        await host.ProduceAsync("k", new Order("1"));

        await Eventually.Until(() => Seen.SequenceEqual(["1"]), null, "the redelivery consumes it");
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task A_delay_below_the_shortest_tier_does_not_wait_behind_longer_ones()
    {
        await Kafka.CreateTopicAsync(Topic + ".delay.6s");
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.DelayTiers(TimeSpan.FromSeconds(6));
            endpoint.Handler<Order>(Note);
        });
        var sent = DateTimeOffset.UtcNow;
        await host.ProduceAsync("k", new Order("later"), context => context.Delay = TimeSpan.FromSeconds(6));
        await host.ProduceAsync("k", new Order("soon"), context => context.Delay = TimeSpan.FromMilliseconds(200));

        await Eventually.Until(() => Seen.Count == 2, null, "both come");
        Seen.ShouldBe(["soon", "later"]);
        (DateTimeOffset.UtcNow - sent).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(6));
    }

    [Test]
    public async Task An_open_circuit_breaker_sends_messages_to_redelivery_without_calling_the_consumer()
    {
        var calls = 0;
        var broken = true;
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.UseDelayedRedelivery(redelivery => redelivery.Interval(20, TimeSpan.FromSeconds(1)));
            endpoint.UseCircuitBreaker(breaker =>
            {
                breaker.ActiveThreshold = 2;
                breaker.TripThreshold = 50;
                breaker.TrackingPeriod = TimeSpan.FromMinutes(1);
                breaker.ResetInterval = TimeSpan.FromSeconds(2);
            });
            endpoint.Handler<Order>(context =>
            {
                Interlocked.Increment(ref calls);
                return Volatile.Read(ref broken) ? throw new InvalidOperationException("broken") : Note(context);
            });
        });
        for (var i = 0; i < 10; i++)
            await host.ProduceAsync($"k{i}", new Order($"{i}"));

        // Every delivery fails and is redelivered; those that the open breaker refused never reached the consumer.
        await Eventually.Until(() => Kafka.Records.ReadAll(Topic + ".delay.1s").Count > Volatile.Read(ref calls), null, "the breaker is open");
        Volatile.Write(ref broken, false);
        await Eventually.Until(() => Seen.Distinct().Count() == 10, TimeSpan.FromSeconds(60), "all are consumed once the breaker closes");
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task A_kill_switch_stops_the_endpoint_and_starts_it_again_and_nothing_is_lost()
    {
        var broken = true;
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.UseKillSwitch(options => options.SetActivationThreshold(5).SetTripThreshold(0.5).SetRestartTimeout(s: 10).SetTrackingPeriod(m: 1));
            endpoint.Handler<Order>(context => Volatile.Read(ref broken) ? throw new InvalidOperationException("broken") : Note(context));
        });
        for (var i = 0; i < 40; i++)
            await host.ProduceAsync("k", new Order($"{i}"));

        await Eventually.Until(async () => (await host.HealthAsync()).Description!.Contains("is stopped", StringComparison.Ordinal), null, "the kill switch stops the endpoint");
        Volatile.Write(ref broken, false);
        await Eventually.Until(
            () => Seen.Count + Kafka.Records.ReadAll(Topic + ".dlt").Count == 40, null, "each is consumed or dead-lettered");
        Seen.Count.ShouldBeGreaterThan(0);
        await AllCommittedAsync();
    }

    [Test]
    public async Task A_rate_limiter_holds_back_what_is_too_much()
    {
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.ConcurrentMessageLimit = 8;
            endpoint.UseRateLimit(3, TimeSpan.FromSeconds(2));
            endpoint.Handler<Order>(Note);
        });
        var started = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 8; i++)
            await host.ProduceAsync($"k{i}", new Order($"{i}"));

        await Eventually.Until(() => Seen.Count == 8, null, "all are consumed");
        TimeProvider.System.GetElapsedTime(started).ShouldBeGreaterThan(TimeSpan.FromSeconds(2));
    }

    [Test]
    public async Task A_concurrency_limit_in_the_pipeline_binds_below_the_endpoints()
    {
        var running = 0;
        var most = 0;
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.ConcurrentMessageLimit = 8;
            endpoint.UseConcurrencyLimit(2);
            endpoint.Handler<Order>(async context =>
            {
                most = Math.Max(most, Interlocked.Increment(ref running));
                await Task.Delay(20);
                Interlocked.Decrement(ref running);
                await Note(context);
            });
        });
        for (var i = 0; i < 20; i++)
            await host.ProduceAsync($"k{i}", new Order($"{i}"));

        await Eventually.Until(() => Seen.Count == 20, null, "all are consumed");
        most.ShouldBe(2);
    }

    [Test]
    public async Task One_endpoint_can_be_stopped_and_started_while_the_rest_goes_on()
    {
        var ready = new TaskCompletionSource<IReceiveEndpoint>();
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.ConnectReceiveEndpointObserver(new WhenReady(ready));
            endpoint.Handler<Order>(Note);
        });
        var endpoint = await ready.Task.WaitAsync(Eventually.DefaultDeadline);
        await host.ProduceAsync("k", new Order("1"));
        await Eventually.Until(() => Seen.Count == 1, null, "the first is consumed");

        await endpoint.Stop(new CancellationTokenSource(Eventually.DefaultDeadline).Token);
        await host.ProduceAsync("k", new Order("2"));
        (await host.HealthAsync()).Description!.ShouldContain("is stopped");
        Kafka.Records.Lag(Group, Topic).ShouldBe(1);

        await endpoint.Start(new CancellationTokenSource(Eventually.DefaultDeadline).Token).Ready;
        await Eventually.Until(() => Seen.SequenceEqual(["1", "2"]), null, "the second is consumed after the start");
        (await host.HealthAsync()).Description.ShouldBe("ready");
    }

    private sealed class WhenReady(TaskCompletionSource<IReceiveEndpoint> ready) : IReceiveEndpointObserver
    {
        public Task Ready(ReceiveEndpointReady context)
        {
            ready.TrySetResult(context.ReceiveEndpoint);
            return Task.CompletedTask;
        }

        public Task Stopping(ReceiveEndpointStopping context) => Task.CompletedTask;

        public Task Completed(ReceiveEndpointCompleted context) => Task.CompletedTask;

        public Task Faulted(ReceiveEndpointFaulted context) => Task.CompletedTask;
    }
}
