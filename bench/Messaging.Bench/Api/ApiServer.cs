using Messaging.Bench.Running;
using Microsoft.AspNetCore.Builder;
using Producer.Api.Emails;
using Producer.Api.Hosting;
using ServiceDefaults.Start;

namespace Messaging.Bench.Api;

/// <summary>The API with its defaults.</summary>
internal static class ApiServer
{
    /// <summary>Builds it.</summary>
    /// <param name="input">What it serves.</param>
    /// <param name="environment"><c>Production</c>, as it is deployed; <c>Development</c> has no key, and shows the console to whoever asks.</param>
    public static WebApplication Build(ScenarioInput input, string environment = "Production")
    {
        var app = ProducerApi.Build(
        [
            $"--environment={environment}",
            "--urls=http://127.0.0.1:0",
            $"--Kafka:BootstrapServers={input.BootstrapServers}",
            // Its topics are deleted with those of the run.
            $"--Kafka:TopicPrefix={input.Topic}.",
            "--Kafka:ReplicationFactor=1",
            $"--Database:ConnectionString={input.Servers[ApiServers.Database]}",
            $"--Api:Key={(environment == "Production" ? ServerProcess.Key : "")}",
            "--Logging:LogLevel:Default=Warning",
            // On the error stream, beside the progress.
            "--Logging:Console:LogToStandardErrorThreshold=Trace",
        ], KafkaQueue.AddKafkaQueue);
        app.Services.ValidateOptions();
        return app;
    }
}
