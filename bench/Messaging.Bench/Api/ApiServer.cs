using Messaging.Bench.Running;
using Microsoft.AspNetCore.Builder;
using Producer.Api.Emails;
using Producer.Api.Hosting;
using ServiceDefaults.Start;

namespace Messaging.Bench.Api;

/// <summary>The API as it is deployed, with its defaults.</summary>
internal static class ApiServer
{
    public static WebApplication Build(ScenarioInput input)
    {
        var app = ProducerApi.Build(
        [
            "--environment=Production",
            "--urls=http://127.0.0.1:0",
            $"--Kafka:BootstrapServers={input.BootstrapServers}",
            // Its topics are deleted with those of the run.
            $"--Kafka:TopicPrefix={input.Topic}.",
            "--Kafka:ReplicationFactor=1",
            $"--Database:ConnectionString={input.Servers[ApiServers.Database]}",
            $"--Api:Key={ServerProcess.Key}",
            "--Logging:LogLevel:Default=Warning",
            // On the error stream, beside the progress.
            "--Logging:Console:LogToStandardErrorThreshold=Trace",
        ], KafkaQueue.AddKafkaQueue);
        app.Services.ValidateOptions();
        return app;
    }
}
