namespace Consumer.Worker.Smtp.Pace;

internal static class PaceServices
{
    /// <summary>How fast mails go to the mail server.</summary>
    public static IServiceCollection AddPace(this IServiceCollection services) => services
        .AddHostedService<PaceMetrics>()
        .AddHostedService<PaceShareService>();
}
