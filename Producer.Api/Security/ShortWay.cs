using Persistence.Keys;
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
        // People of the console have no key.
        if (context.GetEndpoint() is not { RequestDelegate: { } handle } endpoint || endpoint.Metadata.GetMetadata<ScopesAlone>() is not { } needed
            || ConsolePaths.Has(context.Request.Path))
            return next(context);
        if (callers.Of(context.Request) is not (_, { } caller) || !HasAll(caller, needed.Scopes))
            return next(context);
        context.User = caller;
        return KeyRateLimit.RunAsync(context, caller, handle);
    }

    private static bool HasAll(Caller caller, IReadOnlyList<KeyScope> scopes)
    {
        for (var i = 0; i < scopes.Count; i++)
        {
            if (!caller.Has(scopes[i]))
                return false;
        }

        return true;
    }
}
