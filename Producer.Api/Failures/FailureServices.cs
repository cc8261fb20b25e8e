namespace Producer.Api.Failures;

internal static class FailureServices
{
    public static IServiceCollection AddFailures(this IServiceCollection services)
    {
        services.AddScoped<Replays>();
        services.AddSingleton<ReplaySweep>();
        services.AddHostedService(provider => provider.GetRequiredService<ReplaySweep>());
        return services;
    }
}
