using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.CookiePolicy;
using Microsoft.Extensions.Options;
using Producer.Api.Console.Failures;
using Producer.Api.Console.Holds;
using Producer.Api.Console.Hosting;
using Producer.Api.Console.Live;
using Producer.Api.Console.Mails;
using Producer.Api.Console.Operations;
using Producer.Api.Console.Pages;
using Producer.Api.Console.SignIn;
using Producer.Api.Console.Status;
using ServiceDefaults.Configuration;

namespace Producer.Api.Console;

/// <summary>The console at <c>/console</c>: pages made by the server, which work without scripts.</summary>
internal static class ConsoleServices
{
    public static void AddConsole(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSection<ConsoleOptions>(ConsoleOptions.Section);
        ConsolePort.Listen(builder);
        services.AddRazorComponents();
        ProtectionKeys.Add(services);
        services.AddAntiforgery(options =>
        {
            options.FormFieldName = Shell.TokenField;
            options.HeaderName = null;
            // The policy of the page says who may frame it.
            options.SuppressXFrameOptionsHeader = true;
            options.Cookie.Name = "__Host-console-form";
            options.Cookie.Path = "/";
            options.Cookie.SameSite = SameSiteMode.Lax;
        });
        var authentication = new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, ConsoleAuthentication>(ConsoleAuthentication.SchemeName, configureOptions: null)
            .AddCookie(ConsoleAuthentication.CookieScheme);
        Oidc.Add(authentication, builder.Configuration);
        services.AddOptions<CookieAuthenticationOptions>(ConsoleAuthentication.CookieScheme)
            .Configure<IOptions<ConsoleOptions>>((cookie, console) => ConsoleAuthentication.Configure(cookie, console.Value));
        services.AddRateLimiter(limiter => limiter.AddPolicy<string, SignInLimit>(SignInLimit.PolicyName));
        services.AddSingleton<SystemReader>();
        services.AddExceptionHandler<ConsoleExceptions>();
    }

    /// <summary>Its headers, and that it is nowhere else than it should be. Before routing.</summary>
    public static void UseConsole(this IApplicationBuilder app)
    {
        app.UseWhen(context => ConsolePaths.Has(context.Request.Path), console =>
        {
            // Behind a proxy that ends TLS requests come without it, and browsers take 127.0.0.1 for as good: the cookies are of __Host- all the same.
            console.UseCookiePolicy(new CookiePolicyOptions { Secure = CookieSecurePolicy.Always, HttpOnly = HttpOnlyPolicy.Always });
            console.Use(ServeAsync);
        });
    }

    private static Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        if (!IsServed(context))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        ConsoleHeaders.Add(context);
        return next(context);
    }

    // Where it is not it is nowhere, and nobody is asked to sign in.
    private static bool IsServed(HttpContext context)
    {
        var services = context.RequestServices;
        var options = services.GetRequiredService<IOptions<ConsoleOptions>>().Value;
        return options.IsEnabled(services.GetRequiredService<IHostEnvironment>()) && (options.Port is not { } port || context.Connection.LocalPort == port);
    }

    /// <summary>Its pages.</summary>
    public static void MapConsole(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapGroup(ConsolePaths.Root);
        console.ExcludeFromDescription();
        ConsoleAssets.Map(console);
        SignInEndpoints.Map(console);
        StatusPages.Map(console);
        FailurePages.Map(console);
        EditPages.Map(console);
        GroupPages.Map(console);
        OperationPages.Map(console);
        HoldPages.Map(console);
        MailPages.Map(console);
        LiveStream.Map(console);
        console.MapFallback("{**path}", (HttpContext context) => Messages.NotFound(context, "The console has no such page."));
    }
}
