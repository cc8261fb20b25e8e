using Contracts;
using MassTransit;
using Persistence.Mails;

namespace Consumer.Worker.Sending;

/// <summary>Stands around the delayed redelivery, which returns once the delayed copy is acknowledged: then it is recorded as published.</summary>
internal sealed class RedeliveryPublishedFilter(OutcomeRecorder outcomes, WorkerMetrics metrics) : IFilter<ConsumeContext<SendEmail>>
{
    /// <inheritdoc />
    public async Task Send(ConsumeContext<SendEmail> context, IPipe<ConsumeContext<SendEmail>> next)
    {
        await next.Send(context);
        if (OutboxTicket.Find(context.ReceiveContext) is not { Kind: OutboxKind.Redelivery } ticket)
            return;
        metrics.Redelivered.Add(1);
        await outcomes.MarkPublishedAsync(ticket.Identity);
    }

    /// <inheritdoc />
    public void Probe(ProbeContext context) => context.CreateFilterScope("markRedelivery");
}

/// <summary>
/// Follows the dead-letter transport in the error pipe, which goes on once the dead letter is acknowledged: then it is counted. Its outbox
/// entry is recorded as published by the projection of the dead letter, which writes to the mail's row anyway.
/// </summary>
internal sealed class DeadLetterPublishedFilter(WorkerMetrics metrics) : IFilter<ExceptionReceiveContext>
{
    /// <inheritdoc />
    public Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        metrics.DeadLettered.Add(1, WorkerMetrics.Tag(DeathCauses.Of(context.Exception)));
        return next.Send(context);
    }

    /// <inheritdoc />
    public void Probe(ProbeContext context) => context.CreateFilterScope("countDeadLetter");
}
