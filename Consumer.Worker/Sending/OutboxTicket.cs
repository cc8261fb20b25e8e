using Contracts;
using MassTransit;
using Persistence.Mails;

namespace Consumer.Worker.Sending;

/// <summary>
/// Says that an outbox entry is in the database, and its record is being produced: whoever sees the produce acknowledged marks it. Put on
/// the receive context, which both the filters around the redelivery and the error pipe see.
/// </summary>
/// <param name="Identity">The record whose outbox entry it is.</param>
/// <param name="Kind">Where to.</param>
internal sealed record OutboxTicket(RecordIdentity Identity, OutboxKind Kind)
{
    public static void Put(ConsumeContext<SendEmail> context, RecordIdentity identity, OutboxKind kind)
    {
        var ticket = new OutboxTicket(identity, kind);
        context.ReceiveContext.AddOrUpdatePayload(() => ticket, _ => ticket);
    }

    public static OutboxTicket? Find(PipeContext context) => context.TryGetPayload<OutboxTicket>(out var ticket) ? ticket : null;
}
