using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>What an application hangs into the pipeline: scoped filters, observers, batches, definitions.</summary>
public class PipelineTests : ContractTests
{
    [Test]
    public async Task Scoped_filters_share_the_consumers_scope_and_those_of_sends_see_every_produced_message()
    {
        await using var host = await StartAsync(
            (context, endpoint) =>
            {
                endpoint.UseConsumeFilter(typeof(NotingConsumeFilter<>), context);
                endpoint.ConfigureConsumer<ScopedConsumer>(context);
            },
            rider =>
            {
                rider.AddConsumer<ScopedConsumer>();
                rider.AddProducer<Receipt>(Other, (context, producer) => producer.UseSendFilter(typeof(NotingSendFilter<>), context));
            },
            services: services => services.AddSingleton(Seen).AddScoped<Scratch>());
        await host.ProduceAsync("k", new Order("1"));

        await Eventually.Until(() => Seen.SequenceEqual(["consume filter", "consumer after consume filter", "send filter after consume filter"]), null, "all have run");
        var receipts = await Eventually.Value(() => Kafka.Records.ReadAll(Other), records => records.Count > 0, null, "the receipt is written");
        receipts.ShouldHaveSingleItem().Header("X-Filter").ShouldBe("yes");
    }

    [Test]
    public async Task Receive_consume_and_send_observers_of_the_bus_are_told_of_the_riders_messages()
    {
        var observer = new Observer(Seen);
        await using var host = await StartAsync(
            (_, endpoint) => endpoint.Handler<Order>(context => context.Message.Text == "bad" ? throw new InvalidOperationException("bad") : Task.CompletedTask),
            kafka: kafka => kafka.ConnectSendObserver(observer),
            bus: bus =>
            {
                bus.AddReceiveObserver(_ => observer);
                bus.AddConsumeObserver(_ => observer);
            });
        await host.ProduceAsync("k", new Order("good"));
        await AllCommittedAsync();
        Seen.ShouldBe(["pre-send", "post-send", "pre-receive", "pre-consume", "post-consume", "post-receive"], ignoreOrder: true);

        Seen.Clear();
        await host.ProduceAsync("k", new Order("bad"));
        await AllCommittedAsync();
        Seen.ShouldContain("consume-fault");
        Seen.ShouldNotContain("post-consume");
    }

    [Test]
    public async Task A_producers_own_observer_is_told_of_that_producer_alone()
    {
        var observer = new Observer(Seen);
        await using var host = await StartAsync((_, endpoint) => endpoint.Handler<Order>(_ => Task.CompletedTask));
        await using var scope = host.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<ITopicProducer<string, Receipt>>().ConnectSendObserver(observer);
        await host.ProduceAsync("k", new Order("1"));
        Seen.ShouldBeEmpty();
        await host.ProduceAsync("k", new Receipt("1"));
        Seen.ShouldBe(["pre-send", "post-send"]);
    }

    [Test]
    public async Task A_batch_consumer_gets_batches_and_their_offsets_move_when_it_has_returned()
    {
        var batches = new ConcurrentQueue<int>();
        await using var host = await StartAsync(
            (context, endpoint) =>
            {
                endpoint.ConcurrentMessageLimit = 10;
                endpoint.ConfigureConsumer<BatchConsumer>(context);
            },
            rider => rider.AddConsumer<BatchConsumer>(consumer => consumer.Options<BatchOptions>(options => options.SetMessageLimit(5).SetTimeLimit(s: 10))),
            services: services => services.AddSingleton(batches));
        for (var i = 0; i < 12; i++)
            await host.ProduceAsync($"k{i}", new Order($"{i}"));

        await Eventually.Until(() => batches.Sum() == 12, null, "all are consumed");
        batches.ShouldContain(5);
        await AllCommittedAsync();
    }

    [Test]
    public async Task A_batch_that_fails_is_dead_lettered_message_by_message()
    {
        await using var host = await StartAsync(
            (context, endpoint) =>
            {
                endpoint.ConcurrentMessageLimit = 10;
                endpoint.ConfigureConsumer<FailingBatchConsumer>(context);
            },
            rider => rider.AddConsumer<FailingBatchConsumer>(consumer => consumer.Options<BatchOptions>(options => options.SetMessageLimit(3).SetTimeLimit(s: 1))));
        for (var i = 0; i < 3; i++)
            await host.ProduceAsync($"k{i}", new Order($"{i}"));

        var dead = await Eventually.Value(() => Kafka.Records.ReadAll(Topic + ".dlt"), records => records.Count == 3, null, "each is dead-lettered");
        dead.Select(letter => letter.KeyText).Order().ShouldBe(["k0", "k1", "k2"]);
        await AllCommittedAsync();
    }

    [Test]
    public async Task A_consumer_definition_configures_its_pipeline()
    {
        await using var host = await StartAsync(
            (context, endpoint) => endpoint.ConfigureConsumer<DefinedConsumer>(context),
            rider => rider.AddConsumer<DefinedConsumer, DefinedConsumer.Definition>(),
            services: services => services.AddSingleton(Seen));
        await host.ProduceAsync("k", new Order("1"));

        await Eventually.Until(() => Seen.SequenceEqual(["try 0", "try 1"]), null, "the definition's retry holds");
        await AllCommittedAsync();
    }

    public sealed class Scratch
    {
        public string Text { get; set; } = "nothing";
    }

    public sealed class NotingConsumeFilter<T>(Scratch scratch, ConcurrentQueue<string> seen) : IFilter<ConsumeContext<T>>
        where T : class
    {
        public Task Send(ConsumeContext<T> context, IPipe<ConsumeContext<T>> next)
        {
            scratch.Text = "consume filter";
            seen.Enqueue("consume filter");
            return next.Send(context);
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("noting");
    }

    public sealed class NotingSendFilter<T>(Scratch scratch, ConcurrentQueue<string> seen) : IFilter<SendContext<T>>
        where T : class
    {
        public Task Send(SendContext<T> context, IPipe<SendContext<T>> next)
        {
            context.Headers.Set("X-Filter", "yes");
            seen.Enqueue($"send filter after {scratch.Text}");
            return next.Send(context);
        }

        public void Probe(ProbeContext context) => context.CreateFilterScope("noting");
    }

    public sealed class ScopedConsumer(Scratch scratch, ConcurrentQueue<string> seen, ITopicProducer<Receipt> receipts) : IConsumer<Order>
    {
        public Task Consume(ConsumeContext<Order> context)
        {
            seen.Enqueue($"consumer after {scratch.Text}");
            return receipts.Produce(new Receipt("1"), context.CancellationToken);
        }
    }

    public sealed class BatchConsumer(ConcurrentQueue<int> batches) : IConsumer<Batch<Order>>
    {
        public Task Consume(ConsumeContext<Batch<Order>> context)
        {
            batches.Enqueue(context.Message.Length);
            return Task.CompletedTask;
        }
    }

    public sealed class FailingBatchConsumer : IConsumer<Batch<Order>>
    {
        public Task Consume(ConsumeContext<Batch<Order>> context) => throw new InvalidOperationException("the batch fails");
    }

    public sealed class DefinedConsumer(ConcurrentQueue<string> seen) : IConsumer<Order>
    {
        public Task Consume(ConsumeContext<Order> context)
        {
            seen.Enqueue($"try {context.GetRetryAttempt()}");
            return context.GetRetryAttempt() == 0 ? throw new InvalidOperationException("not yet") : Task.CompletedTask;
        }

        public sealed class Definition : ConsumerDefinition<DefinedConsumer>
        {
            protected override void ConfigureConsumer(
                IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<DefinedConsumer> consumerConfigurator, IRegistrationContext context) =>
                consumerConfigurator.UseMessageRetry(retry => retry.Immediate(1));
        }
    }

    private sealed class Observer(ConcurrentQueue<string> seen) : IReceiveObserver, IConsumeObserver, ISendObserver
    {
        public Task PreReceive(ReceiveContext context) => Note("pre-receive");

        public Task PostReceive(ReceiveContext context) => Note("post-receive");

        public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
            where T : class => Task.CompletedTask;

        public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
            where T : class => Task.CompletedTask;

        public Task ReceiveFault(ReceiveContext context, Exception exception) => Note("receive-fault");

        public Task PreConsume<T>(ConsumeContext<T> context)
            where T : class => Note("pre-consume");

        public Task PostConsume<T>(ConsumeContext<T> context)
            where T : class => Note("post-consume");

        public Task ConsumeFault<T>(ConsumeContext<T> context, Exception exception)
            where T : class => Note("consume-fault");

        public Task PreSend<T>(SendContext<T> context)
            where T : class => Note("pre-send");

        public Task PostSend<T>(SendContext<T> context)
            where T : class => Note("post-send");

        public Task SendFault<T>(SendContext<T> context, Exception exception)
            where T : class => Note("send-fault");

        private Task Note(string what)
        {
            seen.Enqueue(what);
            return Task.CompletedTask;
        }
    }
}
