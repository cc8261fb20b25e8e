using Confluent.Kafka;
using Confluent.Kafka.Admin;
using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Messaging.Kafka.Testing;

/// <summary>Deletes and creates a test's topics before its bus starts.</summary>
internal sealed class KafkaTestTopics(IAdminClient admin, ClientConfig config, IOptions<KafkaTestHarnessOptions> options, TimeProvider timeProvider) : IHostedService
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        List<string> names = [.. settings.TopicNames.SelectMany(name => new[] { name, name + ".dlt" })];
        if (names.Count == 0)
            return;
        if (settings.CleanTopicsOnStart && Present(names) is { Count: > 0 } present)
        {
            await admin.DeleteTopicsAsync(present, new DeleteTopicsOptions { OperationTimeout = Timeout });
            // A topic is gone a moment after its broker has agreed to delete it.
            await Until(() => Present(names).Count == 0, cancellationToken);
        }

        if (settings.CreateTopicsIfNotExists && names.Except(Present(names)).ToList() is { Count: > 0 } missing)
        {
            await Create(missing, settings);
            await Until(() => Present(names).Count == names.Count, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task Create(List<string> missing, KafkaTestHarnessOptions settings)
    {
        if (await ResourceSettings.AreThereAsync(admin, admin.GetMetadata(Timeout).Brokers[0].BrokerId, Timeout))
        {
            await admin.CreateTopicsAsync(missing.Select(name => new TopicSpecification
            {
                Name = name,
                NumPartitions = settings.Partitions,
                ReplicationFactor = settings.Replicas,
                Configs = new Dictionary<string, string> { ["retention.ms"] = "-1" },
            }), new CreateTopicsOptions { OperationTimeout = Timeout });
            return;
        }

        // librdkafka's mock cluster creates what is asked for, in no other way.
        using var asking = new AdminClientBuilder(new AdminClientConfig(config) { AllowAutoCreateTopics = true }).Build();
        foreach (var name in missing)
            asking.GetMetadata(name, Timeout);
    }

    private List<string> Present(List<string> names) =>
        [.. admin.GetMetadata(Timeout).Topics.Where(topic => topic.Error.Code == ErrorCode.NoError && names.Contains(topic.Topic)).Select(topic => topic.Topic)];

    private async Task Until(Func<bool> condition, CancellationToken cancellationToken)
    {
        var begun = timeProvider.GetTimestamp();
        while (!condition())
        {
            if (timeProvider.GetElapsedTime(begun) > Timeout)
                throw new TimeoutException($"The test's topics {string.Join(", ", options.Value.TopicNames)} were not as asked for within {Timeout}");
            await Task.Delay(Interval, timeProvider, cancellationToken);
        }
    }
}
