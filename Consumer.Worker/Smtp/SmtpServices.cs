using Consumer.Worker.Dkim;
using Consumer.Worker.Smtp.Pace;
using ServiceDefaults.Configuration;

namespace Consumer.Worker.Smtp;

internal static class SmtpServices
{
    /// <summary>The mail server: its connections, what sends over them, and what makes of a mail what it takes.</summary>
    public static IServiceCollection AddSmtp(this IServiceCollection services)
    {
        // Its own log lines would tell of each token at the level at which the worker tells what people must know.
        services.AddHttpClient(nameof(OAuthTokens)).RemoveAllLoggers();
        return services.AddMailServer();
    }

    private static IServiceCollection AddMailServer(this IServiceCollection services) => services
        .AddSection<SmtpOptions>(SmtpOptions.Section)
        .AddSection<DkimOptions>(DkimOptions.Section)
        .AddSingleton<DkimKeys>()
        .AddSingleton<SmtpAvailability>()
        .AddPace()
        .AddSingleton<OAuthTokens>()
        .AddSingleton<SmtpLogin>()
        .AddSingleton<SmtpConnectionPool>()
        .AddSingleton<RecipientRules>()
        .AddSingleton<DomainShares>()
        .AddSingleton<SmtpSender>()
        .AddSingleton(Sender)
        .AddHostedService<SmtpWarnings>()
        .AddSingleton<ISmtpProbe, SmtpProbe>()
        .AddSingleton<MailComposer>();

    private static ISmtpSender Sender(IServiceProvider services)
    {
        var (sender, rules) = (services.GetRequiredService<SmtpSender>(), services.GetRequiredService<RecipientRules>());
        return rules.RedirectTo is { } instead ? new RedirectingSender(sender, rules, instead) : sender;
    }
}
