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
/// Follows the dead-letter transport in the error pipe, which goes on once the dead letter is acknowledged: then it is recorded as published.
/// </summary>
internal sealed class DeadLetterPublishedFilter(OutcomeRecorder outcomes, WorkerMetrics metrics) : IFilter<ExceptionReceiveContext>
{
    /// <inheritdoc />
    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        metrics.DeadLettered.Add(1);
        // A record that was dead before it was claimed (undecodable, invalid) has no row to mark.
        if (OutboxTicket.Find(context) is { Kind: OutboxKind.DeadLetter } ticket)
            await outcomes.MarkPublishedAsync(ticket.Identity);
        await next.Send(context);
    }

    /// <inheritdoc />
    public void Probe(ProbeContext context) => context.CreateFilterScope("markDeadLetter");
}
