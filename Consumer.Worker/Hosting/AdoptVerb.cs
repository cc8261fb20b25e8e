using Messaging.Kafka.Inspection;
using Persistence.Clusters;
using ServiceDefaults.Database;
using ServiceDefaults.Kafka;
using ServiceDefaults.Start;

namespace Consumer.Worker.Hosting;

/// <summary><c>Consumer.Worker adopt</c>: says that the database belongs to this Kafka cluster from now on, and ends.</summary>
internal static class AdoptVerb
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.Logging.ClearProviders();
        builder.Services.AddKafkaInspection().AddDatabase();
        using var host = builder.Build();
        host.Services.ValidateOptions();
        var store = host.Services.GetRequiredService<ClusterStore>();
        var before = await store.FindAsync();
        if (await host.Services.GetRequiredService<KafkaInspector>().ClusterIdAsync(Timeout) is not { } here)
        {
            await output.WriteLineAsync("adopt: this Kafka has no id of its own (it is in memory), and the database may belong to any such");
            return 0;
        }

        await store.AdoptAsync(here, ClusterGuard.Me);
        await output.WriteLineAsync(before is null || before == here
            ? $"adopt: the database belongs to the Kafka cluster {here}"
            : $"adopt: the database belonged to the Kafka cluster {before} and belongs to {here} now. What it has still to send (scheduled mails, replays) is sent from here on: stop the system that it was copied from, or look at /stats first");
        return 0;
    }
}
