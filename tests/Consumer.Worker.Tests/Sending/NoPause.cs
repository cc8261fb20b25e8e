using Consumer.Worker.Sending;
using Microsoft.Extensions.DependencyInjection;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Tests.Sending;

/// <summary>A worker without a bus, which never pauses.</summary>
internal static class NoPause
{
    public static MailPause Of() => new(new ServiceCollection().BuildServiceProvider(), MailTopics.Default);
}
