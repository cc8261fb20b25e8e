using System.Globalization;
using Consumer.Worker.Hosting;
using Consumer.Worker.Smtp.Relays;
using Contracts;
using MailSink;
using Messaging.Bench.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Persistence.Mails;
using Persistence.Stats;
using ServiceDefaults.Kafka;

namespace Messaging.Bench.Delivery;

/// <summary>Two workers before a mail server that takes so many mails a second, and refuses the others as Amazon SES does. It is in this process: nothing here is limited by the CPU.</summary>
internal static class PacedScenario
{
    /// <summary>What the mail server takes in any second.</summary>
    public const int MailsPerSecond = 200;

    /// <summary>The figure of what it takes.</summary>
    public const string Limit = "limit";

    /// <summary>How many were refused after the first second.</summary>
    public const string ThrottledLater = "throttled_later";

    /// <summary>How many mails are dead.</summary>
    public const string Dead = "dead";

    private const int Workers = 2;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan WarmUpInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Begun = TimeSpan.FromSeconds(1);

    /// <summary>Sends a backlog that came at once.</summary>
    /// <param name="options">Further options of the workers.</param>
    public static Func<ScenarioInput, Task<Measurement>> Over(params string[] options) => async input =>
    {
        await using var sink = StartSink();
        var measured = new Measurement { [Limit] = MailsPerSecond };
        await RunAsync(input, input.Topic, sink, options, async (workers, mails) =>
        {
            await BothWorkAsync(workers, sink, () => mails.Produce(MailStream.Transactional, 4));
            var warm = sink.Mails.Count;
            mails.Produce(MailStream.Transactional, input.Records);
            await UntilAsync(() => sink.Mails.Count > warm);
            await Task.Delay(Begun);
            var before = sink.Counters.RepliesWith(454);
            await UntilAsync(() => sink.Mails.Count >= warm + input.Records);
            measured[ThrottledLater] = sink.Counters.RepliesWith(454) - before;
            var times = sink.Mails.All().Select(mail => mail.ReceivedAt).Order().Skip(warm).ToList();
            measured[Measurement.Rate] = (times.Count - 1) / (times[^1] - times[0]).TotalSeconds;
            measured[Dead] = await DeadAsync(workers);
        });
        return measured;
    };

    /// <summary>Waits until each worker has sent some of what is produced now and then, and the server has forgotten it: what starting and sharing the partitions take is not measured.</summary>
    public static async Task BothWorkAsync(IReadOnlyList<WebApplication> workers, SmtpSink sink, Action produce)
    {
        var paces = workers.Select(worker => worker.Services.GetRequiredService<SmtpRelays>().All[0].Pace).ToList();
        while (!paces.TrueForAll(pace => pace.Report.Present > 0))
        {
            produce();
            await Task.Delay(WarmUpInterval);
        }

        for (var count = -1; count != sink.Mails.Count; await Task.Delay(Begun * 2))
            count = sink.Mails.Count;
    }

    /// <summary>A mail server with the limit.</summary>
    public static SmtpSink StartSink() => SmtpSink.StartOnFreePort(sink => (sink.MailsPerSecond, sink.MaxMessages) = (MailsPerSecond, 1_000_000));

    /// <summary>How many mails are dead.</summary>
    public static async Task<double> DeadAsync(IReadOnlyList<WebApplication> workers) =>
        (await workers[0].Services.GetRequiredService<StatsStore>().CountMailsAsync()).GetValueOrDefault(MailState.Dead);

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(Interval);
    }

    /// <summary>Runs the workers, on a database of their own, until a task has ended.</summary>
    public static async Task RunAsync(ScenarioInput input, string topic, SmtpSink sink, string[] options, Func<IReadOnlyList<WebApplication>, PacedMails, Task> until)
    {
        var server = input.Servers[DeliveryServers.Database];
        var name = $"bench_{Guid.NewGuid():N}";
        await Postgres.ExecuteAsync(server, $"CREATE DATABASE {name} TEMPLATE {input.Servers[DeliveryServers.Template]}");
        var topics = Topics(topic, name);
        var workers = Enumerable.Range(0, Workers).Select(_ => WorkerHost.Build([.. Arguments(input, sink, name), .. options], topics)).ToList();
        foreach (var worker in workers)
            await worker.StartAsync();
        using (var mails = new PacedMails(input.BootstrapServers, topic))
            await until(workers, mails);
        foreach (var worker in workers)
        {
            await worker.StopAsync();
            await worker.DisposeAsync();
        }

        await Postgres.ExecuteAsync(server, $"DROP DATABASE {name} WITH (FORCE)");
    }

    private static MailTopics Topics(string topic, string name) => new(topic, $"{topic}-{name}", $"{topic}-{name}-delay", $"{topic}.dlt", $"{topic}-{name}-dlt");

    private static string[] Arguments(ScenarioInput input, SmtpSink sink, string database) =>
    [
        $"--Kafka:BootstrapServers={input.BootstrapServers}",
        $"--Database:ConnectionString={new NpgsqlConnectionStringBuilder(input.Servers[DeliveryServers.Database]) { Database = database }.ConnectionString}",
        "--Smtp:Host=127.0.0.1",
        string.Create(CultureInfo.InvariantCulture, $"--Smtp:Port={sink.Port}"),
        // A worker that joins has no part of the rate until the others have seen it.
        "--Worker:Lease=00:00:03",
        "--urls=http://127.0.0.1:0",
        "--Logging:LogLevel:Default=Error",
        "--Logging:LogLevel:Microsoft.EntityFrameworkCore=None",
        "--Logging:Console:LogToStandardErrorThreshold=Trace",
    ];
}
