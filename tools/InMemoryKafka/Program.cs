using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;
using InMemoryKafka;

if (!CommandLine.TryParse(args, out var command, out var errors))
{
    foreach (var error in errors)
        await Console.Error.WriteLineAsync($"InMemoryKafka: {error}");
    await Console.Error.WriteLineAsync(CommandLine.Usage);
    return 2;
}

try
{
    return command switch
    {
        CommandLine.Produce produce => await ProduceAsync(produce),
        CommandLine.Run run => await RunAsync(run),
        _ => throw new InvalidOperationException($"Nothing runs {command}"),
    };
}
catch (KafkaException exception)
{
    await Console.Error.WriteLineAsync($"InMemoryKafka: {exception.Error.Reason}");
    return 1;
}

static async Task<int> RunAsync(CommandLine.Run run)
{
    using var cluster = InMemoryCluster.Start();
    foreach (var topic in run.Topics)
        cluster.CreateTopic(topic);

    var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    void End(PosixSignalContext context)
    {
        context.Cancel = true;
        ended.TrySetResult();
    }

    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
    if (run.EndsWithStdin)
        _ = EndWithStdinAsync(ended);

    await Console.Out.WriteLineAsync(cluster.BootstrapServers);
    await Console.Out.WriteLineAsync(
        "This Kafka is in memory: it keeps about 5 MB a partition, forgets everything when it ends, and answers librdkafka clients "
        + "(kcat, Confluent's clients), not Apache's own tools. Every topic has "
        + $"{InMemoryCluster.PartitionsPerTopic} partitions and comes into being when it is asked for.");
    await ended.Task;
    return 0;
}

static async Task EndWithStdinAsync(TaskCompletionSource ended)
{
    await using var input = Console.OpenStandardInput();
    await input.CopyToAsync(Stream.Null);
    ended.TrySetResult();
}

static async Task<int> ProduceAsync(CommandLine.Produce produce)
{
    using var value = new MemoryStream();
    await using (var input = Console.OpenStandardInput())
        await input.CopyToAsync(value);

    var config = new ProducerConfig
    {
        BootstrapServers = produce.BootstrapServers,
        Acks = Acks.All,
        Partitioner = Partitioner.Murmur2Random,
        MessageTimeoutMs = 10_000,
    };
    using var producer = new ProducerBuilder<byte[]?, byte[]>(config).SetLogHandler((_, _) => { }).Build();
    var key = produce.Key is null ? null : Encoding.UTF8.GetBytes(produce.Key);
    var written = await producer.ProduceAsync(produce.Topic, new Message<byte[]?, byte[]> { Key = key, Value = value.ToArray() });
    await Console.Out.WriteLineAsync($"{written.Topic} [{written.Partition.Value}] @{written.Offset.Value}");
    return 0;
}
