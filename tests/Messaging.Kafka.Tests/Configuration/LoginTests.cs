using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Tests.Contract;
using Messaging.Kafka.Tests.Endpoints;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Configuration;

/// <summary>Logins against a broker that asks for them: <c>KAFKA_SASL_SERVERS</c> (host:port), <c>KAFKA_SASL_LOGIN</c> (user:password, by PLAIN).</summary>
public class LoginTests
{
    [Test]
    public async Task A_user_logs_in_by_PLAIN_and_its_messages_go_through()
    {
        var (servers, user, password) = Broker();
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
        var (servers, user, _) = Broker();
        await using var host = await RiderHost.StartAsync(
            servers, _ => { }, (_, _) => { }, awaitReady: false,
            host: host => host.UseSasl(sasl => (sasl.Mechanism, sasl.Username, sasl.Password) = (SaslMechanism.Plain, user, "wrong")));

        await Eventually.Until(
            async () => (await host.HealthAsync()).Description!.Contains("uthentication", StringComparison.Ordinal), TimeSpan.FromSeconds(30), "health tells of the failed login");
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

    private static (string Servers, string User, string Password) Broker()
    {
        var servers = Environment.GetEnvironmentVariable("KAFKA_SASL_SERVERS");
        var login = Environment.GetEnvironmentVariable("KAFKA_SASL_LOGIN")?.Split(':', 2);
        if (!string.IsNullOrEmpty(servers) && login is [var user, var password])
            return (servers, user, password);
        throw new IgnoreException("needs a Kafka that asks for a login by PLAIN: set KAFKA_SASL_SERVERS (host:port) and KAFKA_SASL_LOGIN (user:password)");
    }
}
