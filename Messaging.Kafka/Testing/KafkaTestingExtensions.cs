using Confluent.Kafka;
using MassTransit.Testing;
using Messaging.Kafka.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace MassTransit;

/// <summary>The topics of tests with MassTransit's harness.</summary>
public static class KafkaDependencyInjectionTestingExtensions
{
    /// <summary>Uses the cluster for riders without a <c>Host</c>, and sees to a test's topics when the harness starts. Call it before <c>AddMassTransitTestHarness</c>.</summary>
    /// <param name="services">The test's services.</param>
    /// <param name="clientConfig">The cluster; as a service it is the one of every rider without a <c>Host</c>.</param>
    /// <param name="configure">The topics.</param>
    /// <exception cref="ConfigurationException">MassTransit was added before: its bus would start before its topics are there.</exception>
    public static IServiceCollection ConfigureKafkaTestOptions(this IServiceCollection services, ClientConfig clientConfig, Action<KafkaTestHarnessOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(clientConfig);
        if (services.Any(service => service.ServiceType == typeof(IBusControl)))
            throw new ConfigurationException("ConfigureKafkaTestOptions stands behind AddMassTransit, whose bus would start before its topics are there: call it before");
        services.AddSingleton(clientConfig);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new AdminClientBuilder(new AdminClientConfig(provider.GetRequiredService<ClientConfig>())).Build());
        services.AddOptions<KafkaTestHarnessOptions>().Configure(options => configure?.Invoke(options));
        return services.AddHostedService<KafkaTestTopics>();
    }

    /// <summary>The same with the cluster at <c>localhost:9092</c>.</summary>
    /// <param name="services">The test's services.</param>
    /// <param name="configure">The topics.</param>
    /// <inheritdoc cref="ConfigureKafkaTestOptions(IServiceCollection, ClientConfig, Action{KafkaTestHarnessOptions})" path="/exception"/>
    public static IServiceCollection ConfigureKafkaTestOptions(this IServiceCollection services, Action<KafkaTestHarnessOptions>? configure = null) =>
        services.ConfigureKafkaTestOptions(new ClientConfig { BootstrapServers = "localhost:9092" }, configure);
}

/// <summary>Producers for tests.</summary>
public static class KafkaTestHarnessExtensions
{
    /// <summary>A producer, from the harness's scope.</summary>
    /// <param name="harness">The harness.</param>
    /// <typeparam name="T">The message type.</typeparam>
    public static ITopicProducer<T> GetProducer<T>(this ITestHarness harness)
        where T : class => harness.Scope.ServiceProvider.GetRequiredService<ITopicProducer<T>>();

    /// <summary>A producer with keys, from the harness's scope.</summary>
    /// <param name="harness">The harness.</param>
    /// <typeparam name="TKey">The type of the records' key.</typeparam>
    /// <typeparam name="T">The message type.</typeparam>
    public static ITopicProducer<TKey, T> GetProducer<TKey, T>(this ITestHarness harness)
        where T : class => harness.Scope.ServiceProvider.GetRequiredService<ITopicProducer<TKey, T>>();
}
