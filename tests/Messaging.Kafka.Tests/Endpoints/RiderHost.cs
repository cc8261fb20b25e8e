using MassTransit;
using MassTransit.Transports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Messaging.Kafka.Tests.Endpoints;

/// <summary>A bus with the Kafka rider, as an application has it, started and stopped by a test.</summary>
public sealed class RiderHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly IBusControl _bus;
    private bool _stopped;

    private RiderHost(ServiceProvider services)
    {
        _services = services;
        _bus = services.GetRequiredService<IBusControl>();
    }

    public IServiceProvider Services => _services;

    public IKafkaRider Rider => _services.GetRequiredService<IBusInstance>().GetRider<IKafkaRider>();

    public static async Task<RiderHost> StartAsync(
        string bootstrapServers, Action<IRiderRegistrationConfigurator> register, Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure,
        Action<IServiceCollection>? services = null)
    {
        var collection = new ServiceCollection();
        collection.AddLogging(logging => logging.AddProvider(new TestLog()).SetMinimumLevel(LogLevel.Information));
        services?.Invoke(collection);
        collection.AddMassTransit(bus =>
        {
            bus.UsingInMemory();
            bus.AddRider(rider =>
            {
                register(rider);
                rider.UsingKafka((context, kafka) =>
                {
                    kafka.Host(bootstrapServers);
                    configure(context, kafka);
                });
            });
        });
        var host = new RiderHost(collection.BuildServiceProvider(validateScopes: true));
        await host._bus.StartAsync(new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);
        await host.Rider.Ready.WaitAsync(TimeSpan.FromSeconds(30));
        return host;
    }

    public async Task ProduceAsync<TKey, T>(TKey key, T message, Action<KafkaSendContext<TKey, T>>? configure = null)
        where T : class
    {
        await using var scope = _services.CreateAsyncScope();
        var producer = scope.ServiceProvider.GetRequiredService<ITopicProducer<TKey, T>>();
        await producer.Produce(key, message, Pipe.Execute<KafkaSendContext<TKey, T>>(context => configure?.Invoke(context)));
    }

    public async Task<HealthReportEntry> HealthAsync() =>
        (await _services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == "kafka")).Entries["kafka"];

    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        await _bus.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _services.DisposeAsync();
    }

    /// <summary>Log lines in the test's output, where a failed test shows them.</summary>
    private sealed class TestLog : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            TestContext.Progress.WriteLine($"{logLevel}: {formatter(state, exception)} {exception?.GetType().Name}");

        public void Dispose()
        {
        }
    }
}
