namespace Consumer.Worker.DeadLetters;

internal static class DeadLetterServices
{
    /// <summary>What makes failures of dead letters.</summary>
    public static IServiceCollection AddDeadLetters(this IServiceCollection services) => services.AddSingleton<DeadLetterProjector>();
}
