using MassTransit;
using MassTransit.DependencyInjection;
using Microsoft.Extensions.DependencyInjection;

namespace Messaging.Kafka.Configuration;

/// <summary>
/// The bus that a rider is added to, by which the container tells its services from another bus's: each stands there as
/// <c>Bind&lt;TBus, TService&gt;</c>, and by itself where no bus before it has one.
/// </summary>
internal abstract class RiderBus
{
    /// <summary>The name of its health check.</summary>
    public abstract string HealthCheck { get; }

    /// <summary>The bus of a registration.</summary>
    public static RiderBus Of(IRiderRegistrationConfigurator configurator)
    {
        var typed = Array.Find(configurator.GetType().GetInterfaces(), type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IRiderRegistrationConfigurator<>));
        return typed is null ? new RiderBus<IBus>() : (RiderBus)Activator.CreateInstance(typeof(RiderBus<>).MakeGenericType(typed.GetGenericArguments()[0]))!;
    }

    /// <summary>Adds what an application resolves from a scope.</summary>
    public abstract void AddScoped<TService>(IRiderRegistrationConfigurator configurator, Func<KafkaRider, IServiceProvider, TService> create)
        where TService : class;

    /// <summary>Adds what the rider itself needs.</summary>
    public abstract void AddSingleton<TService>(IServiceCollection services, Func<TService> create)
        where TService : class;

    /// <summary>What the rider has added.</summary>
    public abstract IEnumerable<TService> GetAll<TService>(IServiceProvider services)
        where TService : class;
}

/// <inheritdoc/>
/// <typeparam name="TBus">The bus; the default one is <see cref="IBus"/>.</typeparam>
internal sealed class RiderBus<TBus> : RiderBus
    where TBus : class, IBus
{
    /// <summary>As MassTransit names its own check of a bus: <c>masstransit-second-bus</c> of <c>ISecondBus</c>.</summary>
    public override string HealthCheck => typeof(TBus) == typeof(IBus) ? "kafka" : $"kafka-{KebabCaseEndpointNameFormatter.Instance.SanitizeName(WithoutI(typeof(TBus).Name))}";

    /// <inheritdoc/>
    public override void AddScoped<TService>(IRiderRegistrationConfigurator configurator, Func<KafkaRider, IServiceProvider, TService> create)
    {
        configurator.TryAddScoped<IKafkaRider, TService>((rider, scope) => create((KafkaRider)rider, scope));
        configurator.TryAddScoped<IKafkaRider, Bind<TBus, TService>>((rider, scope) => Bind<TBus>.Create(create((KafkaRider)rider, scope)));
    }

    /// <inheritdoc/>
    public override void AddSingleton<TService>(IServiceCollection services, Func<TService> create) => services.AddSingleton(_ => Bind<TBus>.Create(create()));

    /// <inheritdoc/>
    public override IEnumerable<TService> GetAll<TService>(IServiceProvider services) => services.GetServices<Bind<TBus, TService>>().Select(bound => bound.Value);

    private static string WithoutI(string name) => name is ['I', >= 'A' and <= 'Z', ..] ? name[1..] : name;
}
