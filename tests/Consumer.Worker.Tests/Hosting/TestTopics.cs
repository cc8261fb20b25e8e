using ServiceDefaults.Kafka;

namespace Consumer.Worker.Tests.Hosting;

/// <summary>The topics and groups of one test, all named after its topic of mails.</summary>
internal static class TestTopics
{
    public static MailTopics Of(string mails) => new(mails, $"{mails}-group", $"{mails}-delay-group", $"{mails}.dlt", $"{mails}-dlt-group");
}
