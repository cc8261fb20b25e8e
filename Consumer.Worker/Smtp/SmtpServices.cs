using Consumer.Worker.Dkim;
using Consumer.Worker.Smtp.Pace;
using Consumer.Worker.Smtp.Relays;
using ServiceDefaults.Configuration;

namespace Consumer.Worker.Smtp;

internal static class SmtpServices
{
    /// <summary>The mail servers: their connections, what sends over them, and what makes of a mail what they take.</summary>
    public static IServiceCollection AddSmtp(this IServiceCollection services)
    {
        // Its own log lines would tell of each token at the level at which the worker tells what people must know.
        services.AddHttpClient(nameof(OAuthTokens)).RemoveAllLoggers();
        return services.AddMailServers();
    }

    private static IServiceCollection AddMailServers(this IServiceCollection services) => services
        .AddSection<SmtpOptions>(SmtpOptions.Section)
        .AddSection<DkimOptions>(DkimOptions.Section)
        .AddSingleton<DkimKeys>()
        .AddSingleton<RecipientRules>()
        .AddSingleton<SmtpRelays>()
        .AddSingleton<LaneReader>()
        .AddPace()
        .AddHostedService<SmtpWarnings>()
        .AddSingleton<MailComposer>();
}
