using MassTransit;
using Messaging.Bench.Running;

namespace Messaging.Bench.Rider;

/// <summary>What a consumer does with each mail, and which mails count.</summary>
/// <param name="HandleAsync">The work.</param>
/// <param name="Counts">By a mail's number, whether it is among those whose rate is measured.</param>
internal sealed record Workload(Func<ConsumeContext<BenchMail>, Task> HandleAsync, Func<int, bool> Counts)
{
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan SlowWork = TimeSpan.FromSeconds(1);

    /// <summary>Nothing.</summary>
    public static Workload None { get; } = new(_ => Task.CompletedTask, _ => true);

    /// <summary>5 ms, which the timers of Linux make 6 to 9.</summary>
    public static Workload Delay { get; } = new(context => Task.Delay(Work, context.CancellationToken), _ => true);

    /// <summary>A tenth of a millisecond, without retry and redelivery: the peer has neither.</summary>
    public static Workload TenthOfMillisecond { get; } = new(_ => ShortWait.Start(), _ => true) { TriesAgain = false };

    /// <summary>5 ms, and a second for the mails of one key; the others count.</summary>
    public static Workload OneSlowKey { get; } = new(
        context => Task.Delay(IsSlow(context.Message.Number) ? SlowWork : Work, context.CancellationToken), number => !IsSlow(number));

    /// <summary>5 ms for all; those of the key that is slow elsewhere do not count here either.</summary>
    public static Workload NoSlowKey { get; } = Delay with { Counts = number => !IsSlow(number) };

    /// <summary>A tenth fails when it comes the first time; the others count.</summary>
    public static Workload OneInTenFails { get; } = new(
        async context =>
        {
            await Task.Delay(Work, context.CancellationToken);
            if (Fails(context.Message.Number) && context.GetRedeliveryCount() == 0)
                throw new BenchFailureException();
        },
        number => !Fails(number));

    /// <summary>None fails; those that fail elsewhere do not count here either.</summary>
    public static Workload NoneFails { get; } = Delay with { Counts = number => !Fails(number) };

    /// <summary>Whether its endpoint retries and redelivers.</summary>
    public bool TriesAgain { get; private init; } = true;

    /// <summary>How many of the first so many mails count.</summary>
    public int Counted(int records) => Enumerable.Range(0, records).Count(Counts);

    private static bool IsSlow(int number) => BenchMail.KeyOf(number) == 7;

    /// <summary>Spread over all keys.</summary>
    private static bool Fails(int number) => ((number / 500) + number) % 10 == 0;
}

/// <summary>A failure that goes to redelivery without a retry in process.</summary>
public sealed class BenchFailureException() : Exception("This mail fails when it comes the first time.");

/// <summary>The consumer of all rider rows.</summary>
internal sealed class BenchConsumer(Workload workload, Stretch stretch) : IConsumer<BenchMail>
{
    public async Task Consume(ConsumeContext<BenchMail> context)
    {
        await workload.HandleAsync(context);
        if (workload.Counts(context.Message.Number))
            stretch.Ended();
    }
}
