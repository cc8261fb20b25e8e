using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Contract;

/// <summary>What a consumer sends: to topics, to the bus, within an outbox, later.</summary>
public class SendingTests : ContractTests
{
    [Test]
    public async Task A_producer_in_a_consumer_carries_on_the_conversation_and_nothing_else_of_the_record()
    {
        await using var host = await StartAsync(
            (context, endpoint) => endpoint.ConfigureConsumer<Answering>(context), rider => rider.AddConsumer<Answering>());
        var (id, conversation, correlation) = (NewId.NextGuid(), NewId.NextGuid(), NewId.NextGuid());
        await host.ProduceAsync("k", new Order("1"), context =>
        {
            context.MessageId = id;
            context.ConversationId = conversation;
            context.CorrelationId = correlation;
            context.Headers.Set("X-Tag", "blue");
        });

        var receipt = (await ReceiptsAsync(1)).Single();
        (receipt.KeyText, receipt.ValueText).ShouldBe(("k", """{"text":"receipt of 1"}"""));
        receipt.Header("ConversationId").ShouldBe(conversation.ToString());
        receipt.Header("InitiatorId").ShouldBe(correlation.ToString());
        receipt.Header("MessageId").ShouldNotBe(id.ToString());
        receipt.Header("CorrelationId").ShouldBeNull();
        receipt.Header("X-Tag").ShouldBe("blue");
        receipt.Header("DestinationAddress").ShouldBe($"topic:{Other}");
        receipt.Headers.GroupBy(header => header.Key).ShouldAllBe(same => same.Count() == 1);
    }

    [Test]
    public async Task A_producer_from_the_provider_does_the_same()
    {
        var conversation = NewId.NextGuid();
        await using var host = await StartAsync(
            (context, endpoint) => endpoint.ConfigureConsumer<AnsweringByAddress>(context),
            rider => rider.AddConsumer<AnsweringByAddress>(), services: services => services.AddSingleton(new Address(Other)));
        await host.ProduceAsync("k", new Order("1"), context => context.ConversationId = conversation);

        (await ReceiptsAsync(1)).Single().Header("ConversationId").ShouldBe(conversation.ToString());
    }

    [Test]
    public async Task A_consumer_sends_to_a_topic_by_its_address()
    {
        await using var host = await StartAsync((_, endpoint) => endpoint.Handler<Order>(async context =>
        {
            var topic = await context.GetSendEndpoint(new Uri($"topic:{Other}"));
            await topic.Send(new Receipt(context.Message.Text), context.CancellationToken);
        }));
        await host.ProduceAsync("k", new Order("1"));

        (await ReceiptsAsync(1)).Single().ValueText.ShouldBe("""{"text":"1"}""");
    }

    [Test]
    public async Task A_consumer_publishes_and_sends_to_the_bus()
    {
        await using var host = await StartAsync(
            (_, endpoint) => endpoint.Handler<Order>(async context =>
            {
                await context.Publish(new Receipt("published"));
                await context.Send(new Uri("queue:receipts"), new Receipt("sent"));
            }),
            bus: bus => bus.AddHandler(async (ConsumeContext<Receipt> context) =>
            {
                Seen.Enqueue(context.Message.Text);
                await Task.CompletedTask;
            }).Endpoint(endpoint => endpoint.Name = "receipts"));
        await host.ProduceAsync("k", new Order("1"));

        await Eventually.Until(() => Seen.Order().SequenceEqual(["published", "sent"]), null, "the bus has both");
    }

    [Test]
    public async Task A_fault_is_published_only_where_the_endpoint_says_so()
    {
        await using var host = await StartAsync(
            (_, endpoint) =>
            {
                endpoint.PublishFaults = true;
                endpoint.Handler<Order>(_ => throw new InvalidOperationException("broken"));
            },
            bus: bus => bus.AddHandler(async (ConsumeContext<Fault<Order>> context) =>
            {
                Seen.Enqueue(context.Message.Exceptions[0].Message);
                await Task.CompletedTask;
            }));
        await host.ProduceAsync("k", new Order("1"));

        await Eventually.Until(() => Seen.SequenceEqual(["broken"]), null, "the bus has the fault");
        await Eventually.Until(() => Kafka.Records.ReadAll(Topic + ".dlt").Count == 1, null, "the dead letter is written");
    }

    [Test]
    public async Task An_in_memory_outbox_holds_back_what_a_failing_consumer_produced()
    {
        await using var host = await StartAsync(
            (context, endpoint) =>
            {
                endpoint.UseMessageRetry(retry => retry.Immediate(2));
                endpoint.UseInMemoryOutbox(context);
                endpoint.ConfigureConsumer<AnsweringThenFailingTwice>(context);
            },
            rider => rider.AddConsumer<AnsweringThenFailingTwice>(), services: services => services.AddSingleton(new Address(Other)));
        await host.ProduceAsync("k", new Order("1"));

        await AllCommittedAsync();
        (await ReceiptsAsync(2)).Select(receipt => receipt.ValueText).ShouldBe(["""{"text":"produced 2"}""", """{"text":"sent 2"}"""], ignoreOrder: true);
        Kafka.Records.ReadAll(Topic + ".dlt").ShouldBeEmpty();
    }

    [Test]
    public async Task A_consumer_of_the_bus_produces_within_its_outbox()
    {
        await using var host = await StartAsync(
            (_, endpoint) => endpoint.Handler<Order>(Note),
            bus: bus => bus.AddConsumer<AnsweringThenFailingTwice>((context, consumer) =>
            {
                consumer.UseMessageRetry(retry => retry.Immediate(2));
                consumer.UseInMemoryOutbox(context);
            }),
            services: services => services.AddSingleton(new Address(Other)));
        await host.Services.GetRequiredService<IBus>().Publish(new Order("1"));

        (await ReceiptsAsync(1)).Select(receipt => receipt.ValueText).ShouldBe(["""{"text":"produced 2"}"""]);
    }

    [Test]
    public async Task A_delayed_message_arrives_when_it_is_due_with_its_key()
    {
        var arrived = new TaskCompletionSource<(DateTimeOffset At, string? Key)>();
        await using var host = await StartAsync((_, endpoint) => endpoint.Handler<Order>(context =>
        {
            arrived.TrySetResult((DateTimeOffset.UtcNow, context.GetKey<string>()));
            return Task.CompletedTask;
        }));
        var due = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(2.5);
        await host.ProduceAsync("k", new Order("1"), context => context.Delay = due - DateTimeOffset.UtcNow);

        var (at, key) = await arrived.Task.WaitAsync(Eventually.DefaultDeadline);
        key.ShouldBe("k");
        (at - due).TotalMilliseconds.ShouldBeGreaterThan(-20);
    }

    [Test]
    public async Task A_consumer_schedules_a_message_to_a_topic_with_delay_topics()
    {
        await using var host = await StartAsync((_, endpoint) =>
        {
            endpoint.Handler<Order>(async context =>
            {
                await Note(context);
                if (context.Message.Text == "first")
                    await context.ScheduleSend(new Uri($"topic:{Topic}"), TimeSpan.FromSeconds(1), new Order("second"));
            });
        });
        await host.ProduceAsync("k", new Order("first"));

        await Eventually.Until(() => Seen.SequenceEqual(["first", "second"]), null, "the scheduled message arrives");
    }

    [Test]
    public async Task A_delay_to_a_topic_without_delay_topics_is_refused_by_name()
    {
        await using var host = await StartAsync((_, endpoint) => endpoint.Handler<Order>(Note));
        await using var scope = host.Services.CreateAsyncScope();
        var producer = scope.ServiceProvider.GetRequiredService<ITopicProducer<string, Receipt>>();

        var refused = await Should.ThrowAsync<ConfigurationException>(() => producer.Produce(
            "k", new Receipt("1"), Pipe.Execute<KafkaSendContext<string, Receipt>>(context => context.Delay = TimeSpan.FromSeconds(5))));
        refused.Message.ShouldContain(Other);
        refused.Message.ShouldContain("DelayTiers");
    }

    private Task<IReadOnlyList<RawRecord>> ReceiptsAsync(int count) =>
        Eventually.Value(() => Kafka.Records.ReadAll(Other), records => records.Count == count, null, "the receipts are produced");

    public sealed record Address(string Topic);

    public sealed class Answering(ITopicProducer<string, Receipt> receipts) : IConsumer<Order>
    {
        public Task Consume(ConsumeContext<Order> context) =>
            receipts.Produce(context.GetKey<string>()!, new Receipt($"receipt of {context.Message.Text}"), context.CancellationToken);
    }

    public sealed class AnsweringByAddress(ITopicProducerProvider producers, Address address) : IConsumer<Order>
    {
        public Task Consume(ConsumeContext<Order> context) =>
            producers.GetProducer<string, Receipt>(new Uri($"topic:{address.Topic}")).Produce("k", new Receipt("1"), context.CancellationToken);
    }

    public sealed class AnsweringThenFailingTwice(ITopicProducer<string, Receipt> receipts, Address address) : IConsumer<Order>
    {
        public async Task Consume(ConsumeContext<Order> context)
        {
            var attempt = context.GetRetryAttempt();
            await receipts.Produce("k", new Receipt($"produced {attempt}"), context.CancellationToken);
            if (context.TryGetPayload(out KafkaConsumeRecord? _))
                await context.Send(new Uri($"topic:{address.Topic}"), new Receipt($"sent {attempt}"));
            if (attempt < 2)
                throw new InvalidOperationException("not yet");
        }
    }
}
