using MassTransit;
using Messaging.Bench.Running;
using Microsoft.Extensions.DependencyInjection;

namespace Messaging.Bench.Rider;

/// <summary>The endpoint that the rider's rows consume with: 100 mails at once, with retry and redelivery unless the work says otherwise.</summary>
internal static class ConsumeEndpoint
{
    /// <summary>How many mails are handled at once.</summary>
    public const int Concurrency = 100;

    private static readonly TimeSpan[] Delays = [.. new[] { 1, 2, 4, 8 }.Select(seconds => TimeSpan.FromSeconds(seconds))];

    /// <summary>A rider with this endpoint alone, not yet started.</summary>
    public static RiderProcess Build(ScenarioInput input, string topic, Workload workload, Stretch stretch) => RiderProcess.Build(
        input.BootstrapServers,
        services => services.AddSingleton(workload).AddSingleton(stretch),
        rider => rider.AddConsumer<BenchConsumer>(),
        (context, kafka) => kafka.TopicEndpoint<string, BenchMail>(topic, $"{topic}-{Guid.NewGuid():N}", endpoint =>
        {
            endpoint.ConcurrentMessageLimit = Concurrency;
            endpoint.CreateIfMissing(topics => topics.NumPartitions = 4);
            if (workload.TriesAgain)
            {
                endpoint.DelayTiers(Delays);
                endpoint.UseDelayedRedelivery(redelivery => redelivery.Intervals(Delays));
                endpoint.UseMessageRetry(retry =>
                {
                    retry.Handle<TimeoutException>();
                    retry.Incremental(2, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100));
                });
            }

            endpoint.ConfigureConsumer<BenchConsumer>(context);
        }));
}
