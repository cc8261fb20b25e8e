using Producer.Api.OpenApi;
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

    public static void MapStats(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/stats", async (StatsReader reader, CancellationToken cancellationToken) => TypedResults.Ok(await reader.ReadAsync(cancellationToken)))
            .WithName("GetStats").WithTags("Stats").WithSummary("How the system stands: mails by state, failures by status, and what waits in Kafka.")
            .WithDescription(
                "Mails by state are those that a worker has met; `unread` is what the workers have before them, `delayed` what waits for its next delivery, "
                + "`dead_letters` what has no failure yet, each as the lag of its consumer group. A part that Kafka or Postgres did not answer for within "
                + "`Api:StatsTimeout` is left out and named in `missing`, and `complete` is false: a number that is there was read.")
            .Produces<StatsReport>()
            .Problems();
}
