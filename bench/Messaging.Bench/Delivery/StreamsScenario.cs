using System.Diagnostics;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Contracts;
using MassTransit;
using Messaging.Bench.Running;

namespace Messaging.Bench.Delivery;

/// <summary>Bulk mails that take a long while, and a few transactional ones that must not wait for them.</summary>
internal static class StreamsScenario
{
    /// <summary>The longest time from the produce of a transactional mail to its arrival, in seconds.</summary>
    public const string Longest = "longest_s";

    /// <summary>Bulk mails a second, while there are some.</summary>
    public const string Bulk = "bulk";

    /// <summary>What the transactional ones leave of the rate.</summary>
    public const string Left = "left";

    private const int Transactional = 10;
    private const string BulkSubject = "bulk";
    private const string TransactionalSubject = "transactional";

    // What bulk is measured over: from when it goes at its pace until it may have come to its end.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestStretch = TimeSpan.FromSeconds(60);

    /// <summary>The row's records are bulk; the transactional ones are produced meanwhile.</summary>
    public static async Task<Measurement> MeasureAsync(ScenarioInput input)
    {
        await using var sink = PacedScenario.StartSink();
        var measured = new Measurement();
        using var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig { BootstrapServers = input.BootstrapServers, LingerMs = 0 }).Build();
        var bulk = input.Topic + Contracts.Topics.EmailSendBulk[Contracts.Topics.EmailSend.Length..];
        await PacedScenario.RunAsync(input, input.Topic, sink, [$"--Smtp:Rate={PacedScenario.MailsPerSecond}/s"], async workers =>
        {
            for (var number = 0; number < input.Records; number++)
                Produce(producer, bulk, BulkSubject);
            producer.Flush(CancellationToken.None);
            await PacedScenario.UntilAsync(() => sink.Mails.Count > 0);
            await Task.Delay(Settled * input.Scale);
            var (begin, before) = (Stopwatch.GetTimestamp(), sink.Mails.Count);
            var longest = 0.0;
            for (var number = 1; number <= Transactional; number++)
            {
                var produced = Stopwatch.GetTimestamp();
                Produce(producer, input.Topic, TransactionalSubject);
                var so = number;
                await PacedScenario.UntilAsync(() => CountTransactional(sink) >= so);
                longest = Math.Max(longest, Stopwatch.GetElapsedTime(produced).TotalSeconds);
            }

            await PacedScenario.UntilAsync(() => sink.Mails.Count >= input.Records * 9 / 10 || Stopwatch.GetElapsedTime(begin) >= LongestStretch);
            var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            measured[Longest] = longest;
            measured[Bulk] = (sink.Mails.Count - before - Transactional) / seconds;
            measured[Left] = PacedScenario.MailsPerSecond - (Transactional / seconds);
            measured[PacedScenario.Dead] = await PacedScenario.DeadAsync(workers);
        });
        return measured;
    }

    private static int CountTransactional(MailSink.SmtpSink sink) => sink.Mails.All().Count(mail => mail.Sender.StartsWith(TransactionalSubject, StringComparison.Ordinal));

    private static void Produce(IProducer<string, byte[]> producer, string topic, string stream)
    {
        var id = Guid.NewGuid().ToString();
        var mail = new SendEmail
        {
            From = $"{stream}@shop.example.com",
            To = [string.Create(CultureInfo.InvariantCulture, $"{id}@example.com")],
            Subject = stream,
            Text = "text",
            Stream = stream == BulkSubject ? MailStream.Bulk : MailStream.Transactional,
        };
        producer.Produce(topic, new Message<string, byte[]> { Key = id, Value = SendEmailJson.Serialize(mail), Headers = [new Header(MessageHeaders.MessageId, Encoding.UTF8.GetBytes(id))] });
    }
}
