using Consumer.Worker.Sending;
using Microsoft.Extensions.Options;

namespace Consumer.Worker.Hosting;

/// <summary>The delays of the delay topics.</summary>
internal static class MailDelays
{
    /// <summary>Those of redelivery, each once.</summary>
    public static TimeSpan[] Of(IServiceProvider services) =>
        [.. services.GetRequiredService<IOptions<RetryOptions>>().Value.Redeliveries().Distinct()];
}
