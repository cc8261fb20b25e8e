using System.Collections.Frozen;
using Microsoft.AspNetCore.Authorization;
using Persistence.Keys;

namespace Producer.Api.Security;

/// <summary>The scope that an endpoint asks for.</summary>
internal sealed record ScopeMetadata(KeyScope Scope);

internal static class Scopes
{
    private static readonly FrozenDictionary<KeyScope, AuthorizationPolicy> Policies = Enum.GetValues<KeyScope>().ToFrozenDictionary(scope => scope, PolicyOf);

    private static readonly AuthorizationPolicy SightOfAll =
        new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireAssertion(context => context.User is Caller { OnlyOf: null }).Build();

    /// <summary>Lets in only who has a key with this scope.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, KeyScope scope)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(Policies[scope]).WithMetadata(new ScopeMetadata(scope));

    /// <summary>Lets in only who sees the mails of all, and the state of the system with them.</summary>
    public static TBuilder RequireSightOfAll<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.RequireAuthorization(SightOfAll);

    private static AuthorizationPolicy PolicyOf(KeyScope scope) =>
        new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireAssertion(context => context.User is Caller caller && caller.Has(scope)).Build();
}
