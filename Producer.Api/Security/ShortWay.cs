using Microsoft.AspNetCore.Authorization;
using Producer.Api.Console;

namespace Producer.Api.Security;

/// <summary>
/// The way of a request whose key allows what it asks for: from routing to its endpoint at once. The framework's authentication and
/// authorization, through which all others go and which say why they are not let in, take about a tenth of the time of a post.
/// </summary>
internal sealed class ShortWay(RequestDelegate next, Callers callers)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not { RequestDelegate: { } handle } endpoint || ScopesOf(endpoint, context) is not { } scopes)
            return next(context);
        if (callers.Of(context.Request) is not (_, { } caller) || !HasAll(caller, scopes))
            return next(context);
        context.User = caller;
        return KeyRateLimit.RunAsync(context, caller, handle);
    }

    /// <summary>The scopes that an endpoint asks for; null where it asks for none, or for anything else, which is not decided here.</summary>
    private static IReadOnlyList<ScopeMetadata>? ScopesOf(Endpoint endpoint, HttpContext context)
    {
        var scopes = endpoint.Metadata.GetOrderedMetadata<ScopeMetadata>();
        // People of the console have no key.
        var hasScopesAlone = scopes.Count > 0 && scopes.Count == endpoint.Metadata.GetOrderedMetadata<AuthorizationPolicy>().Count;
        return hasScopesAlone && !ConsolePaths.Has(context.Request.Path) ? scopes : null;
    }

    private static bool HasAll(Caller caller, IReadOnlyList<ScopeMetadata> scopes)
    {
        for (var i = 0; i < scopes.Count; i++)
        {
            if (!caller.Has(scopes[i].Scope))
                return false;
        }

        return true;
    }
}
