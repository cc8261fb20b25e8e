using Consumer.Worker.Hosting;
using Messaging.Bench.Delivery;
using Messaging.Bench.Running;
using Npgsql;
using ServiceDefaults.Kafka;

namespace Messaging.Bench.Failures;

/// <summary>A worker before a dead-letter topic that is full; the database says when the first and the last had become a failure.</summary>
internal static class ProjectionScenario
{
    public static async Task<Measurement> MeasureAsync(ScenarioInput input)
    {
        await ProjectAsync(input, input.WarmUpTopic, Math.Max(1, input.WarmUp));
        return await ProjectAsync(input, input.Topic, input.Records);
    }

    private static async Task<Measurement> ProjectAsync(ScenarioInput input, string topic, int count)
    {
        var name = $"bench_{Guid.NewGuid():N}";
        await Postgres.ExecuteAsync(input.Servers[DeliveryServers.Database], $"CREATE DATABASE {name} TEMPLATE {input.Servers[DeliveryServers.Template]}");
        var topics = new MailTopics($"{topic}.mails", $"{topic}-{name}", $"{topic}-{name}-delay", topic, $"{topic}-{name}-dlt");
        double rate;
        await using (var app = WorkerHost.Build(WorkerScenario.Arguments(input, DeliveryServers.Instant, name), topics, null))
        await using (var source = NpgsqlDataSource.Create(WorkerScenario.Connection(input, name)))
        {
            await app.StartAsync();
            // A look reads what is there: seldom enough not to weigh on it.
            while (await ScalarAsync<long>(source, "SELECT count(*) FROM email.failures") < count)
                await Task.Delay(TimeSpan.FromSeconds(1));
            rate = (count - 1) / await ScalarAsync<double>(source, "SELECT extract(epoch FROM max(updated_at) - min(updated_at))::double precision FROM email.failures");
            await app.StopAsync();
        }

        await Postgres.ExecuteAsync(input.Servers[DeliveryServers.Database], $"DROP DATABASE {name} WITH (FORCE)");
        return new Measurement { [Measurement.Rate] = rate };
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
