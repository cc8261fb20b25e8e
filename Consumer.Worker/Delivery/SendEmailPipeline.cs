using Consumer.Worker.Smtp;
using Contracts;
using MassTransit;
using Microsoft.Extensions.Options;

namespace Consumer.Worker.Delivery;

/// <summary>The way of a mail through the worker, in the order in which it runs.</summary>
internal static class SendEmailPipeline
{
    /// <summary>
    /// What surrounds the consumer. All of it hangs on the message's pipe of this one consumer: there filters run in the order in
    /// which they are written here.
    /// </summary>
    public static void Configure(IConsumerConfigurator<SendEmailConsumer> consumer, IServiceProvider services)
    {
        var retry = services.GetRequiredService<IOptions<RetryOptions>>().Value;
        consumer.Message<SendEmail>(message =>
        {
            // Once a delayed copy is acknowledged, its hand-over is marked.
            message.UseFilter(services.GetRequiredService<RedeliveryMarkFilter>());

            // Later, from a delay topic: what the server may take then. Everything else goes on to the gate or to the dead letters.
            message.UseDelayedRedelivery(redelivery =>
            {
                redelivery.Handle<Exception>(FailureVerdict.IsTransient);
                redelivery.Intervals([.. retry.Redeliveries()]);
            });

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
