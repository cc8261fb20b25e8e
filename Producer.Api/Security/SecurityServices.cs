using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Console;
using Producer.Api.Console.SignIn;
using Producer.Api.Ids;

namespace Producer.Api.Security;

internal static class SecurityServices
{
    // Without any key, in Development alone, there is nothing secret to derive from, and nothing that needs it.
    private const string DevelopmentSecret = "development, without Api:Key";

    /// <summary>The secret that all instances have: of the mail ids, and of the console's keys.</summary>
    public static string SecretOf(ApiOptions options) => options.IdSecret ?? (string.IsNullOrEmpty(options.Key) ? DevelopmentSecret : options.Key);

    /// <summary>The API key for every endpoint that does not say <c>AllowAnonymous</c>, and the secret of the mail ids.</summary>
    public static IServiceCollection AddApiSecurity(this IServiceCollection services)
    {
        // The parts of AddAuthentication that a header needs: the rest would write cookie keys to the disk at every start.
        services.AddAuthenticationCore(authentication => authentication.DefaultScheme = ApiKeyAuthentication.SchemeName);
        services.AddWebEncoders();
        new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(
                ApiKeyAuthentication.SchemeName,
                // The console has a sign-in of its own.
                options => options.ForwardDefaultSelector = context => ConsolePaths.Has(context.Request.Path) ? ConsoleAuthentication.SchemeName : null);
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        services.AddSingleton<CallerKey>();
        services.AddSingleton<MetricsKey>();
        services.AddSingleton<Callers>();
        services.AddSingleton(provider =>
        {
            var secret = SecretOf(provider.GetRequiredService<IOptions<ApiOptions>>().Value);
            return new MailId(Encoding.UTF8.GetBytes(secret), provider.GetRequiredService<TimeProvider>());
        });
        return services;
    }
}
