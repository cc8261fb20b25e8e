using MassTransit;
using Microsoft.Extensions.Options;
using Persistence.Mails;
using ServiceDefaults.Database;
using ServiceDefaults.Kafka;
using ServiceDefaults.Periodic;

namespace Consumer.Worker.Scheduling;

/// <summary>
/// Produces scheduled mails to the topic of their stream when they are due, and held ones once their hold is over, and marks them published, as every outbox entry: one that a crash
/// leaves in between is produced again, and the claim lets one of the two through. Sleeps until the next mail is due, by the clock
/// of Postgres, so that workers whose clocks differ agree. Every worker sweeps; a mail goes to one of them.
/// </summary>
internal sealed class ScheduleSweep(
    ScheduleStore store, IServiceScopeFactory scopes, MailTopics topics, ClusterGuard cluster, IOptions<ScheduleOptions> options, TimeProvider timeProvider, ILogger<ScheduleSweep> logger)
    : PeriodicService("The sweep of scheduled mails", options.Value.SweepInterval, timeProvider, logger)
{
    private const int Batch = 100;

    // Longer than Kafka needs but for an outage; a mail that was taken and is not published by then is taken again.
    private static readonly TimeSpan PublishTimeout = TimeSpan.FromSeconds(30);

    private TimeSpan? _next;
    private long _sleepsUntil = long.MaxValue;

    /// <summary>Wakes the sweep where a mail in its row is due before it would look again.</summary>
    public void OnStored(DateTimeOffset due)
    {
        if (due.UtcTicks < Volatile.Read(ref _sleepsUntil))
            Wake();
    }

    /// <inheritdoc />
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        _next = null;
        if (!await cluster.MaySendAsync(cancellationToken))
            return;
        // From here on whoever stores a mail wakes it: this look may come too early to see that mail.
        Volatile.Write(ref _sleepsUntil, long.MaxValue);
        int taken;
        do
        {
            var due = await store.TakeDueAsync(Batch, PublishTimeout, cancellationToken);
            taken = due.Count;
            if (taken > 0)
                await ProduceAsync(due, cancellationToken);
        }
        while (taken == Batch);
        _next = await store.NextDueAsync(cancellationToken);
    }

    /// <inheritdoc />
    protected override async Task WaitAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        // A timer may be early by less than a millisecond.
        var sleep = _next is { } next && next < pause ? next + TimeSpan.FromMilliseconds(1) : pause;
        if (sleep <= TimeSpan.Zero)
            return;
        Volatile.Write(ref _sleepsUntil, (Time.GetUtcNow() + sleep).UtcTicks);
        await base.WaitAsync(sleep, cancellationToken);
    }

    private async Task ProduceAsync(IReadOnlyList<DueMail> due, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var producer = scope.ServiceProvider.GetRequiredService<IRawTopicProducer>();
        var produced = await Task.WhenAll(due.Select(mail => TryProduceAsync(producer, mail, cancellationToken)));
        var published = due.Where((_, index) => produced[index]).ToList();
        if (published.Count > 0)
            await store.MarkPublishedAsync(published, cancellationToken);
    }

    private async Task<bool> TryProduceAsync(IRawTopicProducer producer, DueMail mail, CancellationToken cancellationToken)
    {
        try
        {
            await producer.Produce(topics.TopicOf(mail.Topic), mail.Record.Key, mail.Record.Value, mail.Record.Headers.ToKafka(), cancellationToken);
            return true;
        }
        catch (KafkaProduceException exception)
        {
            logger.LogWarning("Mail {MailId}, due {Due}, could not be produced, and is tried again in {Pause}: {Reason}", mail.MailId, mail.ScheduledAt ?? mail.TakenAt, PublishTimeout, exception.Message);
            return false;
        }
    }
}
