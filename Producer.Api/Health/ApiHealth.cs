using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Security;
using ServiceDefaults.Database;
using ServiceDefaults.Health;

namespace Producer.Api.Health;

internal static class ApiHealth
{
    public static IServiceCollection AddApiHealth(this IServiceCollection services) => services.AddPostgresHealth(
        HealthStatus.Degraded,
        "Mails are accepted; reads of mails and failures answer 503. Check Database:ConnectionString and the server.",
        provider => provider.GetRequiredService<IOptions<ApiOptions>>().Value.LookupTimeout);

    public static void MapApiHealth(this IEndpointRouteBuilder routes) => routes.MapHealth(
            context => context.RequestServices.GetRequiredService<Callers>().SeesTheSystem(context.Request))
        .WithSummary("Whether mails are accepted, and which dependency says otherwise.")
        .WithDescription("`ready`; `degraded` (200: mails are accepted, but reads of mails and failures answer 503); or `unready` (503: Kafka does not answer). Reasons name servers: they are told to keys that see the mails of all.");
}
