using MassTransit;
using MassTransit.Transports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Messaging.Bench.Rider;

/// <summary>A bus with the rider, as an application has it.</summary>
internal sealed class RiderProcess : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly ServiceProvider _services;
    private IBusControl? _started;

    private RiderProcess(ServiceProvider services) => _services = services;

    public IServiceProvider Services => _services;

    public IKafkaRider Rider => _services.GetRequiredService<IBusInstance>().GetRider<IKafkaRider>();

    /// <summary>Puts it together and starts nothing.</summary>
    public static RiderProcess Build(
        string bootstrapServers, Action<IServiceCollection> services, Action<IRiderRegistrationConfigurator> register,
        Action<IRiderRegistrationContext, IKafkaFactoryConfigurator> configure)
    {
        var collection = new ServiceCollection();

        // MassTransit warns of every message that goes to redelivery, which is what a row is about.
        collection.AddLogging(logging => logging.AddProvider(new ErrorStreamLog()).SetMinimumLevel(LogLevel.Warning)
            .AddFilter("MassTransit", LogLevel.Error).AddFilter("MassTransit.Kafka", LogLevel.Warning));
        services(collection);
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
        return new RiderProcess(collection.BuildServiceProvider());
    }

    /// <summary>Starts it; returns when its endpoints are members of their groups.</summary>
    public async Task<RiderProcess> StartAsync()
    {
        _started = _services.GetRequiredService<IBusControl>();
        using var timeout = new CancellationTokenSource(Timeout);
        await _started.StartAsync(timeout.Token);
        await Rider.Ready.WaitAsync(timeout.Token);
        return this;
    }

    /// <summary>Stops it; what still runs by then is of no interest and canceled soon.</summary>
    public async Task StopAsync()
    {
        if (_started is null)
            return;
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _started.StopAsync(now.Token);
        _started = null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _services.DisposeAsync();
    }

    /// <summary>Warnings show beside the progress.</summary>
    private sealed class ErrorStreamLog : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Console.Error.WriteLine($"    {logLevel}: {formatter(state, exception)}");
        }

        public void Dispose()
        {
        }
    }
}
