using Contracts;
using MassTransit;
using Persistence.Deliveries;

namespace Consumer.Worker.Delivery;

/// <summary>
/// Says that a hand-over is in the books, and its record is being produced: whoever sees the produce acknowledged marks it. Put on
/// the receive context, which both the filters around the redelivery and the error pipe see.
/// </summary>
/// <param name="Identity">The record that is handed over.</param>
/// <param name="Kind">Where to.</param>
internal sealed record HandOverTicket(RecordIdentity Identity, HandOverKind Kind)
{
    public static void Put(ConsumeContext<SendEmail> context, RecordIdentity identity, HandOverKind kind)
    {
        var ticket = new HandOverTicket(identity, kind);
        context.ReceiveContext.AddOrUpdatePayload(() => ticket, _ => ticket);
    }

    public static HandOverTicket? Find(PipeContext context) => context.TryGetPayload<HandOverTicket>(out var ticket) ? ticket : null;
}
