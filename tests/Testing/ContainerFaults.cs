using Docker.DotNet.Models;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace Testing;

/// <summary>What befalls a container, as far as Testcontainers, made for clean stops, does not offer it.</summary>
internal static class ContainerFaults
{
    /// <summary>Crashes it.</summary>
    public static async Task KillAsync(this IContainer container)
    {
        using var docker = TestcontainersSettings.OS.DockerEndpointAuthConfig!.GetDockerClientBuilder(Guid.NewGuid()).Build();
        await docker.Containers.KillContainerAsync(container.Id, new ContainerKillParameters { Signal = "SIGKILL" });
        // Of a container that is down already this only makes Testcontainers notice.
        await container.StopAsync();
    }

    /// <summary>
    /// Freezes it. The engine gives up, and thaws, where a busy machine does not stop all of its processes in time ("unable to freeze").
    /// </summary>
    public static Task FreezeAsync(this IContainer container) => Eventually.Until(
        async () =>
        {
            await container.PauseAsync();
            return true;
        },
        null, "the container is frozen");
}
