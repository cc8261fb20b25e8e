using Consumer.Worker.Options;
using Consumer.Worker.Scheduling;
using Consumer.Worker.Smtp;

namespace Consumer.Worker.Sending;

/// <summary>Registers what sends mails.</summary>
internal static class DeliveryRegistration
{
    public static IServiceCollection AddDelivery(this IServiceCollection services) => services
        .AddSection<SmtpOptions>(SmtpOptions.Section)
        .AddSection<RetryOptions>(RetryOptions.Section)
        .AddSection<WorkerOptions>(WorkerOptions.Section)
        .AddSingleton<SmtpAvailability>()
        .AddSingleton<SmtpConnectionPool>()
        .AddSingleton<ISmtpSender, SmtpSender>()
        .AddSingleton<ISmtpProbe, SmtpProbe>()
        .AddSingleton<MailComposer>()
        .AddSingleton<Dependencies>()
        .AddSingleton<WorkerLease>()
        .AddSingleton<WorkerShutdown>()
        .AddSingleton<InFlightMails>()
        .AddSingleton<MailClaims>()
        .AddSingleton<AbandonedClaims>()
        .AddSingleton<OutcomeRecorder>()
        .AddSection<ScheduleOptions>(ScheduleOptions.Section)
        .AddSingleton<ScheduledCopies>()
        .AddSingleton<ScheduleFilter>()
        .AddHostedService<ScheduleSweep>()
        .AddSingleton<ClaimFilter>()
        .AddSingleton<SendEmailConsumer>()
        .AddSingleton<RedeliveryPublishedFilter>()
        .AddSingleton<DeadLetterPublishedFilter>()
        .AddHostedService<HeartbeatService>();
}
