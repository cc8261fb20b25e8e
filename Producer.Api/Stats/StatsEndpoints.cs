using Persistence.Keys;
using Producer.Api.OpenApi;
using Producer.Api.Security;
using ServiceDefaults.Kafka;

namespace Producer.Api.Stats;

internal static class StatsEndpoints
{
    public static IServiceCollection AddStats(this IServiceCollection services)
    {
        services.AddKafkaInspection();
        services.AddSingleton<StatsReader>();
        return services;
    }

    /// <summary>Exports the same as metrics; where there is a Kafka to ask.</summary>
    public static IServiceCollection AddStatsGauges(this IServiceCollection services) => services.AddHostedService<StatsGauges>();

    public static void MapStats(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/stats", GetStats.HandleAsync)
            .RequireScope(KeyScope.Operate)
            .WithName("GetStats").WithTags("Stats").WithSummary("The state of the system: mails by state, failures by status, and what waits in Kafka.")
            .WithDescription(
                "Mails by state are those that a worker has seen; `unread` is what the workers have yet to read, `delayed` what waits for its next delivery, "
                + "`dead_letters` what has no failure yet, each as the lag of its consumer group; `pace` how fast the live workers send together. A part that Kafka or Postgres did not return within "
                + "`Api:StatsTimeout` is left out and named in `missing`, and `complete` is false: a number that is there was read.")
            .Problems();
}
