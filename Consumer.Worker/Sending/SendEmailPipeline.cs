using Consumer.Worker.Retention;
using Consumer.Worker.Scheduling;
using Consumer.Worker.Smtp;
using Contracts;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Consumer.Worker.Sending;

/// <summary>The way of a mail through the worker, in the order in which it runs.</summary>
internal static class SendEmailPipeline
{
    /// <summary>The whole way.</summary>
    public static void Configure(IKafkaTopicReceiveEndpointConfigurator endpoint, IRegistrationContext context)
    {
        var dependencies = context.GetRequiredService<Dependencies>();

        // While the mail server or Postgres is down nothing fails and nothing moves. What only looks like an outage, but is one
        // mail's own, is found out by the consumer, which asks the probe; so a mail may wait here as often as it takes.
        endpoint.PauseOn(pause =>
        {
            pause.When = FailureVerdict.IsDependencyUnavailable;
            pause.Probe = dependencies.ProbeAsync;
            pause.Lane = Dependencies.LaneOf;
            pause.MaxPausesPerMessage = int.MaxValue;
        });

        // One for all mails: it has no state of a mail, and a scope of services for each would cost more than it has to do.
        endpoint.Instance(context.GetRequiredService<SendEmailConsumer>(), consumer => ConfigureMessage(consumer, context));

        // What is exhausted, permanent or undecodable is a dead letter by now, acknowledged. Its projection records its outbox entry as published.
        endpoint.ConfigureError(error => error.UseFilter(context.GetRequiredService<DeadLetterPublishedFilter>()));
    }

    /// <summary>
    /// What surrounds the consumer. All of it hangs on the message's pipe of this one consumer: there filters run in the order in
    /// which they are written here.
    /// </summary>
    public static void ConfigureMessage(IConsumerConfigurator<SendEmailConsumer> consumer, IServiceProvider services)
    {
        var retry = services.GetRequiredService<IOptions<RetryOptions>>().Value;
        consumer.Message<SendEmail>(message =>
        {
            if (retry.Redeliveries() is { Count: > 0 } redeliveries)
            {
                // Once a delayed copy is acknowledged, its outbox entry is recorded as published.
                message.UseFilter(services.GetRequiredService<RedeliveryPublishedFilter>());

                // Later, from a delay topic: what the server may take then. Everything else goes on to the circuit or to the dead letters.
                message.UseDelayedRedelivery(redelivery =>
                {
                    redelivery.Handle<Exception>(FailureVerdict.IsTransient);
                    redelivery.Intervals([.. redeliveries]);
                });
            }

            // Another installation's mail is not ours to send.
            message.UseFilter(services.GetRequiredService<InstallationFilter>());

            // A record whose mail ended so long ago that its row is removed is dropped.
            message.UseFilter(services.GetRequiredService<RemovedRecordFilter>());

            // A scheduled mail that is not due is stored in its row, and waits there.
            message.UseFilter(services.GetRequiredService<ScheduleFilter>());

            // Claims the mail; writes its end, or what comes next, before any of the above produces it.
            message.UseFilter(services.GetRequiredService<ClaimFilter>());

            // At once: what a moment cures.
            message.UseMessageRetry(again =>
            {
                again.Handle<MomentaryMailException>();
                again.Incremental(retry.InProcessTries, retry.InProcessInterval, retry.InProcessIncrement);
            });
        });
    }
}
