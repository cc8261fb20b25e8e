using MassTransit;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Producer.Api.Emails;
using ServiceDefaults.Kafka;

namespace Producer.Api.Tests.Emails;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class QueueCircuitTests
{
    private static readonly TimeSpan DeliveryTimeout = TimeSpan.FromSeconds(8);

    private readonly FakeTimeProvider _timeProvider = new();
    private readonly QueueCircuit _circuit;
    private int _produced;

    public QueueCircuitTests() => _circuit = new QueueCircuit(MailTopics.Default, _timeProvider, NullLogger<QueueCircuit>.Instance);

    [Test]
    public async Task It_opens_when_a_record_waited_in_vain_and_refuses_without_producing()
    {
        await FailsAsync(after: DeliveryTimeout);

        var refused = await Should.ThrowAsync<KafkaProduceException>(() => _circuit.RunAsync(Produce));
        (refused.Outcome, _produced).ShouldBe((ProduceOutcome.NotWritten, 1));
        refused.Message.ShouldContain("broker away");
    }

    [Test]
    public async Task One_record_a_second_goes_through_and_the_first_that_is_acknowledged_closes_it()
    {
        await FailsAsync(after: DeliveryTimeout);
        _timeProvider.Advance(QueueCircuit.ProbeInterval);
        await FailsAsync(after: DeliveryTimeout);
        _produced.ShouldBe(2);
        await Should.ThrowAsync<KafkaProduceException>(() => _circuit.RunAsync(Produce));

        _timeProvider.Advance(QueueCircuit.ProbeInterval);
        await _circuit.RunAsync(Produce);
        await _circuit.RunAsync(Produce);
        _produced.ShouldBe(4);
    }

    [Test]
    public async Task A_failure_beside_a_success_keeps_it_closed()
    {
        var failing = new TaskCompletionSource();
        var failed = Should.ThrowAsync<KafkaProduceException>(() => _circuit.RunAsync(() => failing.Task));
        _timeProvider.Advance(DeliveryTimeout);
        await _circuit.RunAsync(Produce);
        failing.SetException(new KafkaProduceException("email.send", ProduceOutcome.Unknown, "one leader is away"));
        await failed;

        await _circuit.RunAsync(Produce);
        _produced.ShouldBe(2);
    }

    [Test]
    public async Task A_failure_that_comes_at_once_and_a_record_that_is_too_large_keep_it_closed()
    {
        await FailsAsync(after: TimeSpan.Zero);
        await Should.ThrowAsync<KafkaRecordTooLargeException>(() => _circuit.RunAsync(() =>
        {
            _timeProvider.Advance(DeliveryTimeout);
            throw new KafkaRecordTooLargeException("email.send", "too large");
        }));

        await _circuit.RunAsync(Produce);
    }

    [Test]
    public async Task A_post_whose_time_ran_out_counts_too()
    {
        await Should.ThrowAsync<OperationCanceledException>(() => _circuit.RunAsync(() =>
        {
            _timeProvider.Advance(DeliveryTimeout);
            throw new OperationCanceledException();
        }));

        await Should.ThrowAsync<KafkaProduceException>(() => _circuit.RunAsync(Produce));
    }

    private Task Produce()
    {
        _produced++;
        return Task.CompletedTask;
    }

    private Task<KafkaProduceException> FailsAsync(TimeSpan after) => Should.ThrowAsync<KafkaProduceException>(() => _circuit.RunAsync(() =>
    {
        _produced++;
        _timeProvider.Advance(after);
        throw new KafkaProduceException("email.send", ProduceOutcome.Unknown, "broker away");
    }));
}
