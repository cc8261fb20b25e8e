using Consumer.Worker.Sending;
using Contracts;
using Microsoft.Extensions.Options;

namespace Consumer.Worker.Hosting;

/// <summary>The topics and groups of one worker. The services know no others than <see cref="Default"/>; tests that share a broker take their own.</summary>
internal sealed record MailTopics(string Mails, string Group, string DelayGroup, string DeadLetters, string DeadLetterGroup)
{
    public static readonly MailTopics Default =
        new(Topics.EmailSend, Groups.EmailSend, Groups.EmailSendDelay, Topics.EmailSendDeadLetter, Groups.EmailSendDeadLetter);

    /// <summary>The delays of the delay topics, each once.</summary>
    public static TimeSpan[] Delays(IServiceProvider services) =>
        [.. services.GetRequiredService<IOptions<RetryOptions>>().Value.Redeliveries().Distinct()];
}
