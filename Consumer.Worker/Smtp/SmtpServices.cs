using Consumer.Worker.Smtp.Pace;
using ServiceDefaults.Configuration;

namespace Consumer.Worker.Smtp;

internal static class SmtpServices
{
    /// <summary>The mail server: its connections, what sends over them, and what makes of a mail what it takes.</summary>
    public static IServiceCollection AddSmtp(this IServiceCollection services) => services
        .AddSection<SmtpOptions>(SmtpOptions.Section)
        .AddSingleton<SmtpAvailability>()
        .AddPace()
        .AddSingleton<SmtpConnectionPool>()
        .AddSingleton<ISmtpSender, SmtpSender>()
        .AddSingleton<ISmtpProbe, SmtpProbe>()
        .AddSingleton<MailComposer>();
}
