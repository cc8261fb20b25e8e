using ServiceDefaults.Configuration;

namespace Consumer.Worker.Sending;

internal static class SendingServices
{
    /// <summary>What a record passes on its way to the mail server, and the lease under which this worker sends.</summary>
    public static IServiceCollection AddSending(this IServiceCollection services) => services
        .AddSection<RetryOptions>(RetryOptions.Section)
        .AddSection<WorkerOptions>(WorkerOptions.Section)
        .AddSingleton<Dependencies>()
        .AddSingleton<WorkerLease>()
        .AddSingleton<WorkerShutdown>()
        .AddSingleton<OwnClaims>()
        .AddSingleton<MailClaims>()
        .AddSingleton<LostClaims>()
        .AddSingleton<OutcomeRecorder>()
        .AddSingleton<Parties>()
        .AddSingleton<InstallationFilter>()
        .AddSingleton<ClaimFilter>()
        .AddSingleton<SendEmailConsumer>()
        .AddSingleton<RedeliveryPublishedFilter>()
        .AddSingleton<DeadLetterPublishedFilter>()
        .AddSingleton<MailPause>()
        .AddHostedService<HeartbeatService>();
}
