using Persistence.Keys;
using Producer.Api.OpenApi;
using Producer.Api.Problems;
using Producer.Api.Security;

namespace Producer.Api.Keys;

internal static class KeyEndpoints
{
    public static IServiceCollection AddKeys(this IServiceCollection services)
    {
        services.AddSingleton<KnownKeys>();
        services.AddHostedService<KeyRefresh>();
        return services;
    }

    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/keys").WithTags("Keys").RequireScope(KeyScope.Admin);

        keys.MapGet("", ManageKeys.ListAsync)
            .WithName("ListKeys").WithSummary("All keys, without their secrets.")
            .WithDescription("The oldest first, also those that are revoked. The key of `Api:Key` is not among them.")
            .Problems(ProblemTypes.DatabaseUnavailable);

        keys.MapPost("", ManageKeys.CreateAsync)
            .Accepts<KeyRequest>("application/json")
            .WithName("CreateKey").WithSummary("Make a key.")
            .WithDescription("`secret` is shown this once. Every instance knows the key within `Api:KeyRefreshInterval`.")
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.KeyNameTaken, ProblemTypes.DatabaseUnavailable]);

        keys.MapPost("/{id}/rotate", ManageKeys.RotateAsync)
            .Accepts<RotateRequest>(isOptional: true, "application/json")
            .WithName("RotateKey").WithSummary("Give a key another secret.")
            .WithDescription("The present secret stays valid for the `overlap`, so that callers can be given the new one; one of an earlier rotation ends. Id, name and mails stay the key's.")
            .Problems([.. ProblemTypes.OfBody, ProblemTypes.KeyNotFound, ProblemTypes.KeyRevoked, ProblemTypes.DatabaseUnavailable]);

        keys.MapPost("/{id}/revoke", ManageKeys.RevokeAsync)
            .WithName("RevokeKey").WithSummary("End a key, with all of its secrets.")
            .WithDescription("Refused by every instance within `Api:KeyRefreshInterval`, and by one that does not reach Postgres once it does. Its mails stay and are sent. Revoking it twice is revoking it once.")
            .Problems(ProblemTypes.InvalidRequest, ProblemTypes.KeyNotFound, ProblemTypes.DatabaseUnavailable);
    }
}
