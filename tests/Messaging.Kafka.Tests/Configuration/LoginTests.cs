using Confluent.Kafka;
using Confluent.Kafka.Admin;
using MassTransit;
using Messaging.Kafka.Tests.Contract;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Configuration;

/// <summary>Logins against a broker that asks for them.</summary>
public class LoginTests
{
    private static readonly Lazy<Task<SecureKafka>> Broker = new(SecureKafka.StartAsync);

    [OneTimeTearDown]
    public async Task StopBroker()
    {
        if (Broker is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await Broker.Value).DisposeAsync();
    }

    [Test]
    public async Task A_user_logs_in_by_PLAIN_and_its_messages_go_through()
    {
        var servers = (await Broker.Value).Servers(SecurePort.PlainLogin);
        var (user, password) = SecureKafka.Known;
        await (await Broker.Value).AllowAsync(user, ResourceType.Topic, "secured", prefixed: true, AclOperation.All);
        await (await Broker.Value).AllowAsync(user, ResourceType.Group, "secured", prefixed: true, AclOperation.Read);
        var (topic, group) = (KafkaFixture.UniqueName("secured"), KafkaFixture.UniqueName("secured-group"));
        var seen = new TaskCompletionSource<string>();
        await using var host = await RiderHost.StartAsync(
            servers,
            rider => rider.AddProducer<string, Order>(topic),
            (_, kafka) => kafka.TopicEndpoint<string, Order>(topic, group, endpoint =>
            {
                endpoint.CreateIfMissing();
                endpoint.Handler<Order>(context =>
                {
                    seen.TrySetResult(context.Message.Text);
                    return Task.CompletedTask;
                });
            }),
            host: host => host.UseSasl(sasl => (sasl.Mechanism, sasl.Username, sasl.Password) = (SaslMechanism.Plain, user, password)));
        await host.ProduceAsync("k", new Order("1"));

        (await seen.Task.WaitAsync(Eventually.DefaultDeadline)).ShouldBe("1");
    }

    [Test]
    public async Task A_wrong_password_shows_in_health_with_the_brokers_words()
    {
        var (user, _) = SecureKafka.Known;
        await using var host = await RiderHost.StartAsync(
            (await Broker.Value).Servers(SecurePort.PlainLogin), _ => { }, (_, _) => { }, awaitReady: false,
            host: host => host.UseSasl(sasl => (sasl.Mechanism, sasl.Username, sasl.Password) = (SaslMechanism.Plain, user, "wrong")));

        await Eventually.Until(
            async () => (await host.HealthAsync()).Description!.Contains("uthentication", StringComparison.Ordinal), null, "health tells of the failed login");
    }

    [Test]
    public async Task A_token_handler_is_asked_for_tokens()
    {
        var asked = new TaskCompletionSource<string>();
        var config = new ClientConfig
        {
            BootstrapServers = "127.0.0.1:1",
            SecurityProtocol = SecurityProtocol.SaslPlaintext,
            SaslMechanism = SaslMechanism.OAuthBearer,
            SaslOauthbearerConfig = "scope=orders",
        };
        var clients = new KafkaClientFactory(
            config,
            (client, settings) =>
            {
                client.OAuthBearerSetToken("token", DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds(), "mailer");
                asked.TrySetResult(settings);
            },
            NullLogger.Instance);
        using var producer = clients.CreateProducer(new ProducerConfig());

        (await asked.Task.WaitAsync(Eventually.DefaultDeadline)).ShouldBe("scope=orders");
    }
}
