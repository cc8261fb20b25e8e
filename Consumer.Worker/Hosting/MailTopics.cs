using Contracts;

namespace Consumer.Worker.Hosting;

/// <summary>The topics and groups of one worker. The services know no others than <see cref="Default"/>; tests that share a broker take their own.</summary>
internal sealed record MailTopics(string Mails, string Group, string DelayGroup, string DeadLetters, string DeadLetterGroup)
{
    public static readonly MailTopics Default =
        new(Topics.EmailSend, Groups.EmailSend, Groups.EmailSendDelay, Topics.EmailSendDeadLetter, Groups.EmailSendDeadLetter);
}
