using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using Messaging.Bench.Running;
using Messaging.Kafka.Sending;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Messaging.Bench.Api;

/// <summary>The least that does the same: an endpoint that parses the JSON and awaits <c>ProduceAsync</c>, with the producer settings of the API.</summary>
internal static class BareServer
{
    private static readonly TimeSpan DeliveryTimeout = TimeSpan.FromSeconds(13);

    public static WebApplication Build(ScenarioInput input)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var producer = new ProducerBuilder<byte[], byte[]>(KafkaProducer.WithDefaults(new ProducerConfig { BootstrapServers = input.BootstrapServers }, DeliveryTimeout)).Build();
        app.Lifetime.ApplicationStopped.Register(producer.Dispose);
        app.MapGet("/health/ready", () => "ready");
        app.MapPost("/emails", async (HttpContext context) =>
        {
            var mail = (await JsonSerializer.DeserializeAsync<BareMail>(context.Request.Body, JsonSerializerOptions.Web))!;
            var id = Guid.NewGuid();
            await producer.ProduceAsync(input.Topic, new Message<byte[], byte[]>
            {
                Key = Encoding.UTF8.GetBytes(id.ToString()),
                Value = JsonSerializer.SerializeToUtf8Bytes(mail, JsonSerializerOptions.Web),
            });
            return Results.Accepted($"/emails/{id}", new BareAccepted(id));
        });
        return app;
    }

    private sealed record BareMail(string From, string To, string Subject, string Text);

    private sealed record BareAccepted(Guid Id);
}
