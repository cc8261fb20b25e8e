using ServiceDefaults.Configuration;

namespace Consumer.Worker.Scheduling;

internal static class SchedulingServices
{
    /// <summary>Mails that are sent later.</summary>
    public static IServiceCollection AddScheduling(this IServiceCollection services) => services
        .AddSection<ScheduleOptions>(ScheduleOptions.Section)
        .AddSingleton<ScheduleSweep>()
        .AddSingleton<ScheduleFilter>()
        .AddHostedService(services => services.GetRequiredService<ScheduleSweep>());
}
