using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;
using MassTransit;
using Messaging.Kafka.Sending;
using Messaging.Kafka.Tests.Endpoints;
using NUnit.Framework;
using Shouldly;
using Testing;

namespace Messaging.Kafka.Tests.Faults;

/// <summary>A fatal error of an idempotent producer, such as an out-of-order sequence: librdkafka raises one on request.</summary>
public class FatalProducerTests
{
    private const int OutOfOrderSequenceNumber = 45;

    private Recoveries _recoveries = null!;
    private KafkaFixture _kafka = null!;
    private KafkaProxy _proxy = null!;
    private string _topic = null!;

    [SetUp]
    public async Task Start()
    {
        _recoveries = new Recoveries();
        _kafka = await KafkaFixture.StartAsync();
        _proxy = KafkaProxy.Start(_kafka.BootstrapServers);
        _topic = await _kafka.CreateTopicAsync(KafkaFixture.UniqueName("fatal-producer"));
    }

    [TearDown]
    public async Task Stop()
    {
        await _proxy.DisposeAsync();
        _recoveries.Dispose();
    }

    [Test]
    public async Task A_fatal_error_replaces_the_producer_and_the_next_record_is_written()
    {
        await using var host = await StartAsync(TimeSpan.FromSeconds(30));
        await host.ProduceAsync("k", new Note("before"));

        Fail(host);

        // Without a word to whoever produces: not even the first record fails.
        await host.ProduceAsync("k", new Note("after"));
        await Eventually.Until(() => _recoveries.Replaced("producer") == 1, null, "the replacement is counted");
        _kafka.Records.ReadAll(_topic).Select(record => record.ValueText).ShouldBe(["""{"text":"before"}""", """{"text":"after"}"""]);
    }

    [Test]
    public async Task Records_under_way_in_a_producer_that_has_failed_settle()
    {
        await using var host = await StartAsync(TimeSpan.FromSeconds(3));
        await host.AcknowledgesAsync("before");
        _proxy.Hold(KafkaApi.Produce);
        var underWay = Enumerable.Range(0, 100).Select(number => host.ProduceAsync($"k{number}", new Note("under way"))).ToList();
        await Task.WhenAny(underWay.Append(Task.Delay(TimeSpan.FromMilliseconds(200))));

        Fail(host);

        foreach (var producing in underWay)
            (await Should.ThrowAsync<KafkaProduceException>(producing.WaitAsync(Eventually.DefaultDeadline))).Outcome.ShouldBeOneOf(ProduceOutcome.Unknown, ProduceOutcome.NotWritten);
        _proxy.Release(KafkaApi.Produce);
        await host.AcknowledgesAsync("after");
    }

    [Test]
    public async Task Producers_that_fail_again_and_again_under_load_lose_no_answer()
    {
        await using var host = await StartAsync(TimeSpan.FromSeconds(10));
        await host.AcknowledgesAsync("before");
        using var stop = new CancellationTokenSource();
        var producing = Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await host.ProduceAsync($"k{worker}", new Note("load"));
                }
                catch (KafkaProduceException)
                {
                    // What was under way in a client that failed may fail with it; that it is told is the point.
                }
            }
        })).ToList();

        for (var round = 1; round <= 5; round++)
        {
            var replaced = _recoveries.Replaced("producer");
            Fail(host);
            await Eventually.Until(() => _recoveries.Replaced("producer") > replaced, null, "the producer is replaced");
        }

        await stop.CancelAsync();
        await Task.WhenAll(producing).WaitAsync(TimeSpan.FromSeconds(60));
    }

    private Task<RiderHost> StartAsync(TimeSpan deliveryTimeout) => RiderHost.StartAsync(
        _proxy.BootstrapServers,
        rider => rider.AddProducer<string, Note>(_topic),
        (_, kafka) => kafka.DeliveryTimeout = deliveryTimeout,
        _recoveries.Register);

    /// <summary>Raises the error in the client that the rider's producer has now.</summary>
    private static void Fail(RiderHost host)
    {
        const BindingFlags Private = BindingFlags.Instance | BindingFlags.NonPublic;
        var producer = ((KafkaRider)host.Rider).Host.Producer;
        object? client;
        do
            client = typeof(KafkaProducer).GetField("_client", Private)!.GetValue(producer);
        while (client is null && Thread.Yield());
        if (client is null)
            return;
        var kafka = (IClient)typeof(ProducerClient).GetField("_kafka", Private)!.GetValue(client)!;
        var handle = (SafeHandle)typeof(Handle).GetProperty("LibrdkafkaHandle", Private)!.GetValue(kafka.Handle)!;
        TestFatalError.Value(handle.DangerousGetHandle(), OutOfOrderSequenceNumber, "raised by a test").ShouldBe(0);
    }

    // Which of the package's builds of librdkafka the client has loaded depends on the system.
    private static readonly Lazy<RaiseFatalError> TestFatalError = new(() =>
    {
        using var process = Process.GetCurrentProcess();
        var library = process.Modules.Cast<ProcessModule>().First(module => module.FileName.Contains("librdkafka", StringComparison.Ordinal)).FileName;
        return Marshal.GetDelegateForFunctionPointer<RaiseFatalError>(NativeLibrary.GetExport(NativeLibrary.Load(library), "rd_kafka_test_fatal_error"));
    });

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int RaiseFatalError(IntPtr client, int error, [MarshalAs(UnmanagedType.LPUTF8Str)] string reason);
}
