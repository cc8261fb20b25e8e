using Consumer.Worker.Smtp;
using Contracts;
using MassTransit;
using ServiceDefaults.Kafka;

namespace Consumer.Worker.Sending;

/// <summary>Stands before the claim: another installation's record is never sent. It becomes a failure that says so.</summary>
internal sealed class InstallationFilter(MailTopics names) : IFilter<ConsumeContext<SendEmail>>
{
    /// <inheritdoc />
    public Task Send(ConsumeContext<SendEmail> context, IPipe<ConsumeContext<SendEmail>> next) =>
        names.OtherInstallation(context.ReceiveContext.GetPayload<KafkaConsumeRecord>().RecordHeaders) is { } other
            ? throw new PermanentMailException(
                $"The record is of installation '{other}' (header {HeaderNames.Installation}), and this one is '{names.Installation}' (Kafka:Installation): it was not sent. Give each installation topics and groups of its own (Kafka:TopicPrefix, Kafka:GroupPrefix).")
            : next.Send(context);

    /// <inheritdoc />
    public void Probe(ProbeContext context) => context.CreateFilterScope("installation");
}
