using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.DropIn;

/// <summary>An invoice to be paid.</summary>
public sealed record Invoice(string Customer, decimal Amount);

/// <summary>The sample of docs/rider.md, compiled and run.</summary>
public partial class ManualTests
{
    [Test]
    public async Task The_manuals_sample_works()
    {
        var kafkaFixture = await KafkaFixture.StartAsync();
        kafkaFixture.Require(KafkaCapability.TopicAdministration);
        var (server, topic, group) = (kafkaFixture.BootstrapServers, KafkaFixture.UniqueName("invoices"), KafkaFixture.UniqueName("billing"));
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<Bank>();

        // <sample>
        services.AddMassTransit(bus =>
        {
            bus.UsingInMemory();
            bus.AddRider(rider =>
            {
                rider.AddConsumer<PayInvoice>();
                rider.AddProducer<string, Invoice>(topic);

                rider.UsingKafka((context, kafka) =>
                {
                    kafka.Host(server);

                    kafka.TopicEndpoint<string, Invoice>(topic, group, endpoint =>
                    {
                        endpoint.ConcurrentMessageLimit = 16;
                        endpoint.DelayTiers(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1));
                        endpoint.CreateIfMissing(options => options.NumPartitions = 4);

                        var bank = context.GetRequiredService<Bank>();
                        endpoint.PauseOn(pause =>
                        {
                            pause.When = exception => exception is BankClosedException;
                            pause.Probe = (_, cancellationToken) => bank.PingAsync(cancellationToken);
                        });
                        endpoint.UseDelayedRedelivery(redelivery =>
                        {
                            redelivery.Ignore<BankClosedException>();
                            redelivery.Intervals(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5));
                        });
                        endpoint.UseMessageRetry(retry =>
                        {
                            retry.Handle<TimeoutException>();
                            retry.Interval(2, TimeSpan.FromMilliseconds(100));
                        });
                        endpoint.UseInMemoryOutbox(context);
                        endpoint.ConfigureConsumer<PayInvoice>(context);
                    });
                });
            });
        });
        // </sample>

        await using var provider = services.BuildServiceProvider();
        var control = provider.GetRequiredService<IBusControl>();
        await control.StartAsync(new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token);
        try
        {
            await using var scope = provider.CreateAsyncScope();
            var invoices = scope.ServiceProvider.GetRequiredService<ITopicProducer<string, Invoice>>();
            await invoices.Produce("ada", new Invoice("ada", 12.5m));
            await Eventually.Until(() => provider.GetRequiredService<Bank>().Paid.Contains("ada"), null, "the invoice is paid");
        }
        finally
        {
            await control.StopAsync();
        }
    }

    [Test]
    public void The_manual_has_the_sample_that_is_tested()
    {
        var root = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Messaging.sln")))
            root = root.Parent ?? throw new FileNotFoundException("no Messaging.sln above the tests");

        var source = File.ReadAllText(Path.Combine(root.FullName, "tests", "Messaging.Kafka.Tests", "DropIn", "ManualTests.cs"));
        var tested = Sample().Match(source).Groups["code"].Value;
        var shown = Shown().Match(File.ReadAllText(Path.Combine(root.FullName, "docs", "rider.md"))).Groups["code"].Value;
        Lines(shown).ShouldBe(Lines(tested));
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex("// <sample>\n(?<code>.*?)// </sample>\n", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Sample();

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Shown();

    public sealed class BankClosedException : Exception;

    public sealed class Bank
    {
        public ConcurrentQueue<string> Paid { get; } = [];

        public Task PingAsync(CancellationToken cancellationToken) =>
            Paid.IsEmpty ? Task.Delay(TimeSpan.Zero, cancellationToken) : Task.CompletedTask;

        public Task PayAsync(Invoice invoice)
        {
            Paid.Enqueue(invoice.Customer);
            return Task.CompletedTask;
        }
    }

    public sealed class PayInvoice(Bank bank) : IConsumer<Invoice>
    {
        public Task Consume(ConsumeContext<Invoice> context) => bank.PayAsync(context.Message);
    }
}
