using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Console.Pages;

namespace Producer.Api.Console.Hosting;

/// <summary>What holds for every form of the console.</summary>
internal static class Forms
{
    /// <summary>A reason of the longest, each character percent-encoded, and room for the rest.</summary>
    private const int MaxBytes = 64 * 1024;

    /// <summary>Refuses a form that this console did not make for who sends it, before anything is done.</summary>
    public static ValueTask<object?> CheckAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) => CheckAsync(invocation, next, MaxBytes);

    /// <summary>The same for a form that holds a mail.</summary>
    public static ValueTask<object?> CheckWithMailAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) => CheckAsync(
        invocation, next, (3 * invocation.HttpContext.RequestServices.GetRequiredService<IOptions<ApiOptions>>().Value.MaxMailBytes) + MaxBytes);

    /// <summary>What a form did, as the same request of the API would say it: null where it was done, else the reason.</summary>
    public static (int Status, string? Problem) Outcome(INestedHttpResult results) => results.Result switch
    {
        ProblemHttpResult problem => (problem.StatusCode, problem.ProblemDetails.Detail),
        _ => (StatusCodes.Status200OK, null),
    };

    private static async ValueTask<object?> CheckAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next, int maxBytes)
    {
        var context = invocation.HttpContext;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = maxBytes;
        context.Features.Set<IFormFeature>(new FormFeature(context.Request, new FormOptions { ValueLengthLimit = maxBytes }));
        return await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context) ? await next(invocation) : Messages.Forged(context);
    }
}
