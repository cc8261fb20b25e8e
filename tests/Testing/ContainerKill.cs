using Docker.DotNet.Models;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace Testing;

/// <summary>A crash of a container, which Testcontainers, made for clean stops, does not offer.</summary>
internal static class ContainerKill
{
    public static async Task KillAsync(this IContainer container)
    {
        using var docker = TestcontainersSettings.OS.DockerEndpointAuthConfig!.GetDockerClientBuilder(Guid.NewGuid()).Build();
        await docker.Containers.KillContainerAsync(container.Id, new ContainerKillParameters { Signal = "SIGKILL" });
        // Of a container that is down already this only makes Testcontainers notice.
        await container.StopAsync();
    }
}
