using ServiceDefaults.Configuration;

namespace Consumer.Worker.Scheduling;

internal static class SchedulingServices
{
    /// <summary>Mails that are sent later.</summary>
    public static IServiceCollection AddScheduling(this IServiceCollection services) => services
        .AddSection<ScheduleOptions>(ScheduleOptions.Section)
        .AddSingleton<ScheduleSweep>()
        .AddSingleton<ScheduleFilter>();

    /// <summary>Produces what is due, which needs the bus: to be called behind what starts that.</summary>
    public static IServiceCollection AddScheduleSweep(this IServiceCollection services) =>
        services.AddHostedService(provider => provider.GetRequiredService<ScheduleSweep>());
}
