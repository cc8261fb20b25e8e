using Consumer.Worker.DeadLetters;
using Consumer.Worker.Sending;
using Consumer.Worker.Smtp.Relays;
using Contracts;
using MassTransit;
using Microsoft.Extensions.Options;
using Persistence;
using Persistence.Ledger;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Hosting;

/// <summary>The worker's topics: mails to send, one for each stream, and dead letters to record.</summary>
internal static class KafkaEndpoints
{
    private const int DeadLettersAtOnce = 32;

    public static IServiceCollection AddKafkaEndpoints(this IServiceCollection services, MailTopics topics) => services
        .AddSingleton(topics)
        .AddKafkaOptions()
        .AddMassTransit(bus =>
        {
            // On by default, it reports to MassTransit's makers what is configured here.
            bus.DisableUsageTelemetry();
            bus.UsingInMemory();
            bus.AddRider(rider =>
            {
                rider.UsingKafka((context, kafka) =>
                {
                    kafka.Host(context.GetRequiredService<IOptions<KafkaOptions>>().Value);
                    AddMails(kafka, context, topics, MailStream.Transactional);
                    AddMails(kafka, context, topics, MailStream.Bulk);
                    AddDeadLetters(kafka, context, topics);
                });
            });
        });

    /// <summary>
    /// Each stream is read by a consumer of its own, so that a backlog of the one does not stand before the other; both are members of one
    /// group. Where they meet is <see cref="Smtp.Pace.SmtpPace"/>.
    /// </summary>
    private static void AddMails(IKafkaFactoryConfigurator kafka, IRiderRegistrationContext context, MailTopics topics, MailStream stream) =>
        kafka.TopicEndpoint<string, SendEmail>(topics.TopicOf(stream), topics.Group, endpoint =>
        {
            var worker = context.GetRequiredService<IOptions<WorkerOptions>>().Value;
            endpoint.ConcurrentMessageLimit = worker.ConcurrentMails;
            endpoint.StopTimeout = worker.StopTimeout;
            endpoint.DeadLetterTopic = topics.DeadLetters;
            endpoint.DelayGroup = topics.DelayGroup;
            endpoint.DelayTopicsOf = topics.Mails;
            // One group sends mails. What it has delayed is its own under another Kafka:GroupPrefix, too.
            endpoint.SeparateRedeliveries = false;
            if (worker.FairBy == FairBy.Sender)
                endpoint.FairBy(SenderReader.Read);
            if (context.GetRequiredService<SmtpRelays>().AreSeveral)
                SeparateRelays(endpoint, context);
            // What is too large to be a dead letter is a failure all the same, with its bytes.
            endpoint.OnDeadLetterTooLarge(context.GetRequiredService<DeadLetterProjector>().ProjectAsync);
            NoteDeletedRecords(endpoint, context);
            if (MailDelays.Of(context) is { Length: > 0 } delays)
                endpoint.DelayTiers(delays);
            endpoint.CreateIfMissing(context.GetRequiredService<IOptions<KafkaOptions>>().Value);
            SendEmailPipeline.Configure(endpoint, context);
        });

    /// <summary>
    /// The mails of each relay have places of their own. Those of one that is away hold the partitions' offsets meanwhile, and others are
    /// read on behind them, as far as that may go.
    /// </summary>
    private static void SeparateRelays(IKafkaTopicReceiveEndpointConfigurator endpoint, IRiderRegistrationContext context)
    {
        endpoint.LaneBy(context.GetRequiredService<LaneReader>().Read);
        endpoint.MessageLimit = ushort.MaxValue;
    }

    /// <summary>What Kafka deleted unread is noted for the ledger; where Postgres is away, it is noted as soon as it is back.</summary>
    private static void NoteDeletedRecords(IKafkaConsumerConfigurator endpoint, IRiderRegistrationContext context)
    {
        var store = context.GetRequiredService<DeletedRecordStore>();
        endpoint.OnRecordsDeleted((deleted, cancellationToken) =>
            store.NoteAsync(new DeletedRecords(deleted.Topic, deleted.Partition, deleted.From, deleted.To), cancellationToken));
    }

    private static void AddDeadLetters(IKafkaFactoryConfigurator kafka, IRiderRegistrationContext context, MailTopics topics)
    {
        var projector = context.GetRequiredService<DeadLetterProjector>();
        var dependencies = context.GetRequiredService<Dependencies>();
        kafka.RawTopicEndpoint(topics.DeadLetters, topics.DeadLetterGroup, projector.ProjectAsync, endpoint =>
        {
            // Those that are under way together are one statement and one commit. Those of one mail have one key, and come one after the other.
            endpoint.ConcurrentMessageLimit = DeadLettersAtOnce;
            endpoint.CreateIfMissing(context.GetRequiredService<IOptions<KafkaOptions>>().Value);
            NoteDeletedRecords(endpoint, context);
            endpoint.PauseOn(pause =>
            {
                pause.When = PostgresErrors.IsUnavailable;
                pause.Probe = (_, cancellationToken) => dependencies.ProbePostgresAsync(cancellationToken);
                // A dead letter has nowhere further to go: it waits for Postgres, however often that fails.
                pause.MaxPausesPerMessage = int.MaxValue;
            });
        });
    }
}
