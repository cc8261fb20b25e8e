using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace Testing;

/// <summary>Containers that all processes of a named run use, found again by the run's id.</summary>
internal static class SharedContainers
{
    public static TBuilder WithSharing<TBuilder, TContainer, TConfiguration>(
        this ContainerBuilder<TBuilder, TContainer, TConfiguration> builder, string name)
        where TBuilder : ContainerBuilder<TBuilder, TContainer, TConfiguration>
        where TContainer : IContainer
        where TConfiguration : IContainerConfiguration =>
        TestRun.IsShared ? builder.WithReuse(_ => $"{TestRun.Id}-{name}") : (TBuilder)builder;

    public static void ReleaseUnlessShared(this IContainer container)
    {
        if (!TestRun.IsShared)
            TestRun.WhenOver(container.RemoveAsync);
    }
}
