using Consumer.Worker.Smtp;
using Consumer.Worker.Smtp.Relays;

namespace Consumer.Worker.Tests.Sending;

/// <summary>A relay that nothing is sent by.</summary>
internal sealed class NoRelay : IRelay
{
    public RelayOptions Options { get; } = new();

    public ISmtpSender Sender => throw new NotSupportedException("Nothing is sent here.");

    public ISmtpProbe Probe => throw new NotSupportedException("Nothing is probed here.");
}
