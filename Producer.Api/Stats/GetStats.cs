using Microsoft.AspNetCore.Http.HttpResults;

namespace Producer.Api.Stats;

/// <summary><c>GET /stats</c>.</summary>
internal static class GetStats
{
    public static async Task<Ok<StatsReport>> HandleAsync(StatsReader reader, CancellationToken cancellationToken) =>
        TypedResults.Ok(await reader.ReadAsync(cancellationToken));
}
