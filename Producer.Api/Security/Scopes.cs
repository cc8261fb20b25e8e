using System.Collections.Frozen;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.RateLimiting;
using Persistence.Keys;
using Persistence.Text;
using Producer.Api.Problems;

namespace Producer.Api.Security;

/// <summary>The scope that an endpoint asks for.</summary>
internal sealed record ScopeMetadata(KeyScope Scope);

/// <summary>The scopes of an endpoint that asks for nothing else: of a caller who has them nobody behind routing has a question.</summary>
internal sealed record ScopesAlone(IReadOnlyList<KeyScope> Scopes);

internal static class Scopes
{
    private static readonly FrozenDictionary<KeyScope, AuthorizationPolicy> Policies = Enum.GetValues<KeyScope>().ToFrozenDictionary(scope => scope, PolicyOf);

    private static readonly AuthorizationPolicy SightOfAll =
        new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireAssertion(context => context.User is Caller { OnlyOf: null }).Build();

    /// <summary>Lets in only who has a key with this scope.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, KeyScope scope)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.RequireAuthorization(Policies[scope]).WithMetadata(new ScopeMetadata(scope));
        builder.Finally(NoteScopesAlone);
        return builder;
    }

    /// <summary>Lets in only who sees the mails of all, and the state of the system with them.</summary>
    public static TBuilder RequireSightOfAll<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(SightOfAll);

    /// <summary>Lets in only who may read the metrics.</summary>
    public static void RequireMetricsKey(this IEndpointConventionBuilder builder) => builder.RequireAuthorization(
        policy => policy.RequireAssertion(context => context.Resource is HttpContext http && http.RequestServices.GetRequiredService<Callers>().ReadsMetrics(http.Request)));

    /// <summary>What a caller lacks who was not let in: the first of the endpoint's scopes that it does not have; where it has them all, <c>operate</c>, which gives sight of all.</summary>
    public static KeyScope LackedBy(Caller caller, Endpoint? endpoint) =>
        (endpoint?.Metadata.GetOrderedMetadata<ScopeMetadata>() ?? []).Select(needed => (KeyScope?)needed.Scope).FirstOrDefault(scope => !caller.Has(scope!.Value)) ?? KeyScope.Operate;

    /// <summary>The response to a caller who lacks a scope.</summary>
    public static ProblemHttpResult Refuse(HttpContext context, KeyScope lacked)
    {
        var scope = lacked.ToText();
        context.Response.Headers.WWWAuthenticate = $"Bearer error=\"insufficient_scope\", scope=\"{scope}\"";
        return ProblemTypes.InsufficientScope.Because($"The key '{Caller.Of(context).Name}' lacks the scope '{scope}'. Nothing was done.", ("scope", scope));
    }

    // When all that is asked of the endpoint has been said, by groups and by itself.
    private static void NoteScopesAlone(EndpointBuilder endpoint)
    {
        var scopes = endpoint.Metadata.OfType<ScopeMetadata>().Select(needed => needed.Scope).ToArray();
        var asksForMore = endpoint.Metadata.OfType<AuthorizationPolicy>().Count() > scopes.Length || endpoint.Metadata.Any(
            item => item is IAuthorizeData { Policy: not null } or IAuthorizeData { Roles: not null } or IAuthorizeData { AuthenticationSchemes: not null }
                or EnableRateLimitingAttribute or ICorsMetadata);
        if (!asksForMore && !endpoint.Metadata.OfType<ScopesAlone>().Any())
            endpoint.Metadata.Add(new ScopesAlone(scopes));
    }

    private static AuthorizationPolicy PolicyOf(KeyScope scope) =>
        new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireAssertion(context => context.User is Caller caller && caller.Has(scope)).Build();
}
