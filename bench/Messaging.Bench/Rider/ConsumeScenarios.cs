using Confluent.Kafka;
using MassTransit;
using MassTransit.Transports;
using Messaging.Bench.Running;
using Messaging.Kafka;
using Messaging.Kafka.Receiving;
using Messaging.Kafka.Sending;

namespace Messaging.Bench.Rider;

/// <summary>The ways to consume a backlog: the rider, MassTransit's pipe without Kafka, Kafka's client without MassTransit.</summary>
internal static class ConsumeScenarios
{
    /// <summary>The rider.</summary>
    public static Func<ScenarioInput, Task<Measurement>> Rider(Workload workload) => async input =>
    {
        await ConsumeAsync(input.WarmUpTopic, input.WarmUp);
        return await ConsumeAsync(input.Topic, input.Records);

        async Task<Measurement> ConsumeAsync(string topic, int records)
        {
            GC.Collect();
            var stretch = new Stretch(workload.Counted(records));
            await using var process = await ConsumeEndpoint.Build(input, topic, workload, stretch).StartAsync();
            return await stretch.Measured;
        }
    };

    /// <summary>The same bytes pushed into the same endpoint's receive pipe: the limit that MassTransit's core sets.</summary>
    public static Func<ScenarioInput, Task<Measurement>> Pipe(Workload workload) => async input =>
    {
        const int Different = 50_000;
        var records = Enumerable.Range(0, Math.Min(Different, input.Records)).Select(BenchMail.Record).Select(InMemoryRecord.Of).ToList();
        await PushAsync(input.WarmUp);
        return await PushAsync(input.Records);

        async Task<Measurement> PushAsync(int count)
        {
            GC.Collect();
            var stretch = new Stretch(count);

            // A rider is only to be had started; stopped again, its endpoint's pipe is left with nothing of Kafka around it.
            await using var process = await ConsumeEndpoint.Build(input, input.Topic + ".empty", workload, stretch).StartAsync();
            var context = ((KafkaRider)process.Rider).Endpoints.Select(endpoint => endpoint.Consumer.Handler).OfType<MassTransitRecordHandler>().Single().Endpoint;
            await process.StopAsync();
            var dispatcher = context.CreateReceivePipeDispatcher();
            // The pipe's filters ask a record for its timestamp and headers: one answers for all, so that the peer pays for a payload and no more.
            var kafka = new KafkaReceiveContext(new Messaging.Kafka.Receiving.Delivery(null!, InMemoryRecord.AnyResult), context, TopicAddress.Of(input.Topic), "pipe", new RecordFormat(Headers: null, ContentType: null), tiers: null);
            var next = -1;

            // A consumer that does nothing never waits, so more at once than there are cores would only take turns.
            stretch.Begin();
            await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Run(async () =>
            {
                for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
                {
                    using var received = new InMemoryReceiveContext(records[i % records.Count], context, kafka);
                    await dispatcher.Dispatch(received, NoLock.Instance);
                }
            })));
            return await stretch.Measured;
        }
    };

    /// <summary>Kafka's client alone: one thread that polls and does nothing with what it gets.</summary>
    public static Task<Measurement> Bare(ScenarioInput input) => ReadAsync(input, static stretch => stretch.Ended());

    /// <summary>Kafka's client with a semaphore: as many at once as the rider, in no order.</summary>
    public static async Task<Measurement> BareWithSemaphore(ScenarioInput input)
    {
        using var free = new SemaphoreSlim(ConsumeEndpoint.Concurrency);
        return await ReadAsync(input, stretch =>
        {
            free.Wait();
            _ = Handle(stretch);
        });

        async Task Handle(Stretch stretch)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5));
            free.Release();
            stretch.Ended();
        }
    }

    private static async Task<Measurement> ReadAsync(ScenarioInput input, Action<Stretch> handle)
    {
        await ReadTopicAsync(input.WarmUpTopic, input.WarmUp);
        return await ReadTopicAsync(input.Topic, input.Records);

        async Task<Measurement> ReadTopicAsync(string topic, int records)
        {
            GC.Collect();
            var stretch = new Stretch(records);
            var config = ConsumerSettings.WithDefaults(new ConsumerConfig { BootstrapServers = input.BootstrapServers, GroupId = $"{topic}-{Guid.NewGuid():N}" });
            using var consumer = new ConsumerBuilder<byte[], byte[]>(config).Build();
            consumer.Subscribe(topic);
            for (var read = 0; read < records;)
            {
                if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is null)
                    continue;
                read++;
                handle(stretch);
            }

            var measurement = await stretch.Measured;
            consumer.Close();
            return measurement;
        }
    }

    private sealed record InMemoryRecord(byte[] Value, Dictionary<string, object> Headers)
    {
        public static readonly ConsumeResult<byte[]?, byte[]?> AnyResult = new() { Message = new Message<byte[]?, byte[]?> { Timestamp = new Timestamp(DateTimeOffset.UnixEpoch), Headers = [] } };

        public static InMemoryRecord Of(BenchRecord record) =>
            new(record.Value, record.Headers.ToDictionary(header => header.Key, header => (object)System.Text.Encoding.UTF8.GetString(header.Value), StringComparer.Ordinal));
    }

    /// <summary>No more than MassTransit asks of a transport.</summary>
    private sealed class InMemoryReceiveContext(InMemoryRecord record, ReceiveEndpointContext endpoint, KafkaReceiveContext kafka) : BaseReceiveContext(redelivered: false, endpoint, kafka)
    {
        public override MessageBody Body { get; } = new BytesMessageBody(record.Value);

        protected override IHeaderProvider HeaderProvider { get; } = new DictionaryHeaderProvider(record.Headers);
    }

    private sealed class NoLock : ReceiveLockContext
    {
        public static readonly NoLock Instance = new();

        public Task Complete() => Task.CompletedTask;

        public Task Faulted(Exception exception) => Task.CompletedTask;

        public Task ValidateLockStatus() => Task.CompletedTask;
    }
}
