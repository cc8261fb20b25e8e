using MassTransit;
using MassTransit.Transports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Testing;

namespace Messaging.Kafka.Tests.Endpoints;

/// <summary>A bus with the Kafka rider, as an application has it, started and stopped by a test.</summary>
public sealed class RiderHost : IAsyncDisposable
{
    /// <summary>Behind the time in which handlers may end by themselves.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(90);

    private readonly ServiceProvider _services;
    private readonly IBusControl _bus;
    private CancellationTokenSource _giveUp = new();
    private Task _starting = Task.CompletedTask;
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
        Action<IServiceCollection>? services = null, Action<IBusRegistrationConfigurator>? configureBus = null,
        Action<IKafkaHostConfigurator>? host = null, bool awaitReady = true)
    {
        var collection = new ServiceCollection();
        collection.AddLogging(logging => logging.AddProvider(new TestLog()).SetMinimumLevel(LogLevel.Information));
        services?.Invoke(collection);
        collection.AddMassTransit(bus =>
        {
            configureBus?.Invoke(bus);
            bus.UsingInMemory((context, inMemory) => inMemory.ConfigureEndpoints(context));
            bus.AddRider(rider =>
            {
                register(rider);
                rider.UsingKafka((context, kafka) =>
                {
                    kafka.Host(bootstrapServers, host);
                    configure(context, kafka);
                });
            });
        });
        var started = new RiderHost(collection.BuildServiceProvider(validateScopes: true));
        started._starting = started._bus.StartAsync(started._giveUp.Token);
        if (!awaitReady)
            return started;
        started._giveUp.CancelAfter(Eventually.DefaultDeadline);
        await started._starting;
        await started.Rider.Ready.WaitAsync(Eventually.DefaultDeadline);
        return started;
    }

    public async Task ProduceAsync<TKey, T>(TKey key, T message, Action<KafkaSendContext<TKey, T>>? configure = null)
        where T : class
    {
        await using var scope = _services.CreateAsyncScope();
        var producer = scope.ServiceProvider.GetRequiredService<ITopicProducer<TKey, T>>();
        await producer.Produce(key, message, Pipe.Execute<KafkaSendContext<TKey, T>>(context => configure?.Invoke(context)));
    }

    /// <summary>Produces a note, again where that fails, until one is acknowledged: how long a record may wait for that can be short in a test.</summary>
    public Task AcknowledgesAsync(string text) => Eventually.Until(
        async () =>
        {
            await ProduceAsync("k", new Note(text));
            return true;
        },
        null,
        $"the record '{text}' is acknowledged");

    /// <summary>A scope of the application, such as a web request is.</summary>
    public ServiceScope Scope() => new(_services.CreateAsyncScope());

    public async Task<HealthReportEntry> HealthAsync() =>
        (await _services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == "kafka")).Entries["kafka"];

    /// <summary>Starts the bus again, after a stop or a start that has failed.</summary>
    public async Task StartAgainAsync()
    {
        _stopped = false;
        _giveUp = new CancellationTokenSource(Eventually.DefaultDeadline);
        _starting = _bus.StartAsync(_giveUp.Token);
        await _starting;
        await Rider.Ready.WaitAsync(Eventually.DefaultDeadline);
    }

    /// <summary>How the start ended.</summary>
    public Task Starting => _starting;

    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        if (!_starting.IsCompletedSuccessfully)
        {
            // A bus that has not started ends by giving up its start.
            await _giveUp.CancelAsync();
            await Eventually.Ends(_starting.ContinueWith(_ => { }, TaskScheduler.Default), StopTimeout, "the bus gives up its start");
            return;
        }

        using var giveUp = new CancellationTokenSource(Eventually.DefaultDeadline);
        await Eventually.Ends(_bus.StopAsync(giveUp.Token), StopTimeout, "the bus stops");
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Eventually.Ends(_services.DisposeAsync().AsTask(), StopTimeout, "the services are disposed of");
    }

    /// <summary>Log lines in the test's output, where a failed test shows them.</summary>
    private sealed class TestLog : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            TestContext.Progress.WriteLine($"{logLevel}: {formatter(state, exception)} {exception?.GetType().Name}");

        public void Dispose()
        {
        }
    }
}

/// <summary>A scope with producers.</summary>
public sealed class ServiceScope(AsyncServiceScope scope) : IAsyncDisposable
{
    public ITopicProducer<TKey, T> Producer<TKey, T>()
        where T : class => scope.ServiceProvider.GetRequiredService<ITopicProducer<TKey, T>>();

    public ValueTask DisposeAsync() => scope.DisposeAsync();
}
