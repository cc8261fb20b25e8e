using System.Diagnostics;
using Contracts;
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

    // What bulk is measured over: from when it goes at its pace until it may have come to its end.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestStretch = TimeSpan.FromSeconds(60);

    /// <summary>The row's records are bulk; the transactional ones are produced meanwhile.</summary>
    public static async Task<Measurement> MeasureAsync(ScenarioInput input)
    {
        await using var sink = PacedScenario.StartSink();
        var measured = new Measurement();
        await PacedScenario.RunAsync(input, input.Topic, sink, [$"--Smtp:Rate={PacedScenario.MailsPerSecond}/s"], async (workers, mails) =>
        {
            await PacedScenario.BothWorkAsync(workers, sink, () =>
            {
                mails.Produce(MailStream.Bulk, 4);
                mails.Produce(MailStream.Transactional, 4);
            });
            var warm = sink.Mails.Count;
            mails.Produce(MailStream.Bulk, input.Records);
            await PacedScenario.UntilAsync(() => sink.Mails.Count > warm);
            await Task.Delay(Settled * input.Scale);
            var (begin, before) = (Stopwatch.GetTimestamp(), sink.Mails.Count);
            // Those of the warm-up arrived long ago.
            var arrived = CountTransactional(sink);
            var longest = 0.0;
            for (var number = 1; number <= Transactional; number++)
            {
                var produced = Stopwatch.GetTimestamp();
                mails.Produce(MailStream.Transactional, 1);
                var awaited = arrived + number;
                await PacedScenario.UntilAsync(() => CountTransactional(sink) >= awaited);
                longest = Math.Max(longest, Stopwatch.GetElapsedTime(produced).TotalSeconds);
            }

            await PacedScenario.UntilAsync(() => sink.Mails.Count >= warm + (input.Records * 9 / 10) || Stopwatch.GetElapsedTime(begin) >= LongestStretch);
            var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            measured[Longest] = longest;
            measured[Bulk] = (sink.Mails.Count - before - Transactional) / seconds;
            measured[Left] = PacedScenario.MailsPerSecond - (Transactional / seconds);
            measured[PacedScenario.Dead] = await PacedScenario.DeadAsync(workers);
        });
        return measured;
    }

    private static int CountTransactional(MailSink.SmtpSink sink) => sink.Mails.All().Count(mail => PacedMails.IsOf(MailStream.Transactional, mail.Sender));
}
