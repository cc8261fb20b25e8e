using MassTransit;
using Messaging.Kafka.Tests.Endpoints;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Faults;

/// <summary>Whoever produces waits as long as its token lets it, and no token keeps what is done with.</summary>
public class CanceledProduceTests
{
    private KafkaFixture _kafka = null!;
    private KafkaProxy _proxy = null!;
    private RiderHost _host = null!;
    private string _topic = null!;

    [SetUp]
    public async Task Start()
    {
        _kafka = await KafkaFixture.StartAsync();
        _proxy = KafkaProxy.Start(_kafka.BootstrapServers);
        _topic = await _kafka.CreateTopicAsync(KafkaFixture.UniqueName("canceled-produce"));
        _host = await RiderHost.StartAsync(_proxy.BootstrapServers, rider => rider.AddProducer<string, Note>(_topic), (_, _) => { });
        await _host.ProduceAsync("k", new Note("before"));
    }

    [TearDown]
    public async Task Stop()
    {
        await _host.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Test]
    public async Task A_produce_that_is_canceled_ends_and_its_record_is_written_all_the_same()
    {
        using var canceled = new CancellationTokenSource();
        _proxy.Hold(KafkaApi.Produce);
        var producing = ProduceAsync("canceled", canceled.Token);
        producing.IsCompleted.ShouldBeFalse();

        await canceled.CancelAsync();

        (await Should.ThrowAsync<OperationCanceledException>(producing.WaitAsync(Eventually.DefaultDeadline))).CancellationToken.ShouldBe(canceled.Token);
        _proxy.Release(KafkaApi.Produce);
        await ProduceAsync("after", CancellationToken.None);
        _kafka.Records.ReadAll(_topic).Select(record => record.ValueText).ShouldBe(["""{"text":"before"}""", "canceled", "after"]);
    }

    [Test]
    public async Task A_produce_whose_token_is_canceled_already_writes_nothing()
    {
        await Should.ThrowAsync<OperationCanceledException>(ProduceAsync("never", new CancellationToken(canceled: true)));

        await ProduceAsync("after", CancellationToken.None);
        _kafka.Records.ReadAll(_topic).Select(record => record.ValueText).ShouldBe(["""{"text":"before"}""", "after"]);
    }

    [Test]
    public async Task A_token_that_lives_long_keeps_nothing_of_what_was_produced_under_it()
    {
        using var application = new CancellationTokenSource();
        var produced = await ProduceAsync();

        await Eventually.Until(
            () =>
            {
                GC.Collect();
                return produced.All(task => !task.TryGetTarget(out _));
            },
            null,
            "what was produced is collected");
        application.Token.CanBeCanceled.ShouldBeTrue();

        // In a method of its own, whose locals are gone when it has returned.
        async Task<List<WeakReference<Task>>> ProduceAsync()
        {
            var producing = Enumerable.Range(0, 100).Select(number => Produce($"{number}", application.Token)).ToList();
            await Task.WhenAll(producing);
            return producing.ConvertAll(task => new WeakReference<Task>(task));
        }
    }

    private async Task ProduceAsync(string value, CancellationToken cancellationToken) => await Produce(value, cancellationToken);

    /// <summary>The producer's own task, which its token must not keep.</summary>
    private Task Produce(string value, CancellationToken cancellationToken) =>
        ((KafkaRider)_host.Rider).Host.Producer.Produce(_topic, "k"u8.ToArray(), System.Text.Encoding.UTF8.GetBytes(value), [], cancellationToken);
}
