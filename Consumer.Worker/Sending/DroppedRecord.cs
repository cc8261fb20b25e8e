using Contracts;
using MassTransit;

namespace Consumer.Worker.Sending;

/// <summary>A record that is done with, though no consumer sees it.</summary>
internal static class DroppedRecord
{
    /// <summary>Says that a record is done with: MassTransit takes one that no consumer was told of for skipped, and dead-letters it.</summary>
    /// <param name="context">The record.</param>
    /// <param name="filter">Who drops it.</param>
    public static Task DropAsync(this ConsumeContext<SendEmail> context, string filter) =>
        context.NotifyConsumed(context, context.ReceiveContext.ElapsedTime, filter);
}
