using Contracts;
using MassTransit;
using Microsoft.Extensions.Options;
using Producer.Api.Configuration;
using Producer.Api.Stats;
using ServiceDefaults.Kafka;

namespace Producer.Api.Emails;

internal static class KafkaQueue
{
    /// <summary>The topics as the queue of mails. The service starts without Kafka, and is not ready until it responds.</summary>
    public static void AddKafkaQueue(WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var topics = MailTopics.Of(builder.Configuration);
        services.AddKafkaOptions();
        services.AddSingleton<IValidateOptions<ApiOptions>, MailFitsTopic>();
        services.AddStatsGauges();
        services.AddSingleton<QueueCircuit>();
        services.AddSingleton<IMailQueue, KafkaMailQueue>();
        services.AddMassTransit(bus =>
        {
            // On by default, it reports to MassTransit's makers what is configured here.
            bus.DisableUsageTelemetry();
            bus.UsingInMemory();
            bus.AddRider(rider =>
            {
                rider.AddProducer<string, SendEmail>(
                    topics.Mails, (context, producer) => producer.CreateIfMissing(context.GetRequiredService<IOptions<KafkaOptions>>().Value));
                rider.UsingKafka((context, kafka) =>
                {
                    var options = context.GetRequiredService<IOptions<KafkaOptions>>().Value;
                    kafka.Host(options);
                    // As the other one, whose producer has the same type.
                    kafka.CreateIfMissing(options, topics.BulkMails);
                    kafka.DeliveryTimeout = DeliveryTimeout(context.GetRequiredService<IOptions<ApiOptions>>().Value.AcceptTimeout);
                });
            });
        });
    }

    /// <summary>
    /// How long Kafka's client tries to write a record: shorter than a post waits, since only the client can say that a record was certainly
    /// not written. It looks once a second for those that are overdue.
    /// </summary>
    internal static TimeSpan DeliveryTimeout(TimeSpan acceptTimeout) =>
        acceptTimeout > TimeSpan.FromSeconds(4) ? acceptTimeout - TimeSpan.FromSeconds(2) : acceptTimeout / 2;
}

/// <summary>A mail that the API takes must fit the topic, with its headers.</summary>
internal sealed class MailFitsTopic(IOptions<KafkaOptions> kafka) : IValidateOptions<ApiOptions>
{
    /// <summary>What a record has beside its value: key, headers and framing.</summary>
    private const int HeaderRoom = 16 * 1024;

    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        if (LargestMessage() is not { } largest || options.MaxMailBytes <= largest - HeaderRoom)
            return ValidateOptionsResult.Success;

        return ValidateOptionsResult.Fail(
            $"Api:MaxMailBytes is {options.MaxMailBytes}; with Kafka:MaxMessageBytes at {largest} at most {largest - HeaderRoom} is allowed, "
            + "since a record also has headers. Lower the one (Api__MaxMailBytes) or raise the other (Kafka__MaxMessageBytes).");
    }

    private int? LargestMessage()
    {
        try
        {
            return kafka.Value.MaxMessageBytes;
        }
        catch (OptionsValidationException)
        {
            // That section reports its own errors; this one is checked again once they are fixed.
            return null;
        }
    }
}
