namespace Producer.Api.Failures;

internal static class FailureServices
{
    public static IServiceCollection AddFailures(this IServiceCollection services)
    {
        services.AddScoped<Replays>();
        services.AddScoped<Edits>();
        services.AddSingleton<ReplaySweep>();
        return services;
    }

    /// <summary>Has pending replays finished in the background, which produces to the queue.</summary>
    public static IServiceCollection AddReplaySweep(this IServiceCollection services) =>
        services.AddHostedService(provider => provider.GetRequiredService<ReplaySweep>());
}
