using Consumer.Worker.Sending;
using Messaging.Kafka.Delay;
using ServiceDefaults.Configuration;
using ServiceDefaults.Kafka;
using ServiceDefaults.Start;

namespace Consumer.Worker.Hosting;

/// <summary><c>Consumer.Worker topics</c>: prints the topics that the worker uses by its settings, one a line, and ends. It asks no broker.</summary>
internal static class TopicsVerb
{
    public static async Task RunAsync(string[] args, TextWriter output)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.Services.AddKafkaOptions();
        builder.Services.AddSection<RetryOptions>(RetryOptions.Section);
        using var host = builder.Build();
        host.Services.ValidateOptions();
        var topics = MailTopics.Of(builder.Configuration);
        var delays = MailDelays.Of(host.Services).Select(delay => DelayTopicName.Of(topics.Mails, delay));
        foreach (var topic in (IEnumerable<string>)[.. topics.AllMails, .. delays, topics.DeadLetters])
            await output.WriteLineAsync(topic);
    }
}
