using Microsoft.Extensions.Options;

namespace Consumer.Worker.Smtp.Pace;

internal static class PaceServices
{
    /// <summary>How fast mails go to the mail server.</summary>
    public static IServiceCollection AddPace(this IServiceCollection services) => services
        .AddSingleton<IPaceQuota, PaceQuota>()
        .AddSingleton(services => ActivatorUtilities.CreateInstance<SmtpPace>(services, services.GetRequiredService<IOptions<WorkerOptions>>().Value.ConcurrentMails))
        .AddHostedService<PaceMetrics>()
        .AddHostedService<PaceShareService>();
}
