using Persistence.Holds;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Holds;

internal static class HoldServices
{
    /// <summary>What this worker knows of the holds in force, and what ends the wait of their mails.</summary>
    public static IServiceCollection AddHolds(this IServiceCollection services) => services
        .AddSingleton(provider => new KnownHolds(provider.GetRequiredService<HoldStore>().ListActiveAsync, provider.GetRequiredService<MailTopics>()))
        .AddHostedService<HoldSweep>();
}
