using Consumer.Worker.Hosting;
using Messaging.Bench.Running;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ServiceDefaults.Kafka;

namespace Messaging.Bench.Delivery;

/// <summary>The whole worker as it is deployed, with its defaults, before a topic that is full of mails; its database is new and its own.</summary>
internal static class WorkerScenario
{
    /// <summary>The connections to the mail server: <c>Smtp:MaxConnections</c>' default.</summary>
    public const int Connections = 20;

    // The worker is started anew for what is measured, so what starts it has to be compiled permanently by then, too: that takes 30 calls,
    // and the compiler would go on with it for a second in which the mails are sent.
    private const int WarmUpStarts = 4;

    /// <summary>Sends the backlog.</summary>
    /// <param name="sink">The mail server.</param>
    /// <param name="replace">What is to be in the place of the worker's own services.</param>
    public static Func<ScenarioInput, Task<Measurement>> Over(string sink, Action<IServiceCollection>? replace = null) => async input =>
    {
        for (var start = 0; start < WarmUpStarts; start++)
            await SendAsync(input.WarmUpTopic, Math.Max(1, input.WarmUp / WarmUpStarts));
        return await SendAsync(input.Topic, input.Records);

        async Task<Measurement> SendAsync(string topic, int mails)
        {
            GC.Collect();
            var stretch = new Stretch(mails);
            await RunAsync(input, topic, sink, replace, stretch.Ended, () => stretch.Measured);
            return await stretch.Measured;
        }
    };

    /// <summary>Runs a worker until a task has ended.</summary>
    public static async Task RunAsync(
        ScenarioInput input, string topic, string sink, Action<IServiceCollection>? replace, Action onSent, Func<Task> until)
    {
        var server = input.Servers[DeliveryServers.Database];
        var name = $"bench_{Guid.NewGuid():N}";
        await Postgres.ExecuteAsync(server, $"CREATE DATABASE {name} TEMPLATE {input.Servers[DeliveryServers.Template]}");
        var topics = new MailTopics(topic, $"{topic}-{name}", $"{topic}-{name}-delay", $"{topic}.dlt", $"{topic}-{name}-dlt");
        await using (var app = WorkerHost.Build(Arguments(input, sink, name), topics, replace))
        {
            using var sent = new SentMails(onSent);
            await app.StartAsync();
            await until();
            await app.StopAsync();
            sent.RequireNothingElse();
        }

        await Postgres.ExecuteAsync(server, $"DROP DATABASE {name} WITH (FORCE)");
    }

    /// <summary>A database of a run.</summary>
    public static string Connection(ScenarioInput input, string database) =>
        new NpgsqlConnectionStringBuilder(input.Servers[DeliveryServers.Database]) { Database = database }.ConnectionString;

    /// <summary>What a worker is started with.</summary>
    public static string[] Arguments(ScenarioInput input, string sink, string database) =>
    [
        $"--Kafka:BootstrapServers={input.BootstrapServers}",
        $"--Database:ConnectionString={Connection(input, database)}",
        "--Smtp:Host=127.0.0.1",
        $"--Smtp:Port={input.Servers[sink]}",
        "--urls=http://127.0.0.1:0",
        "--Logging:LogLevel:Default=Warning",
        "--Logging:LogLevel:Microsoft.EntityFrameworkCore=None",
        // On the error stream, beside the progress.
        "--Logging:Console:LogToStandardErrorThreshold=Trace",
    ];
}
