using Docker.DotNet.Models;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace Testing;

/// <summary>What befalls a container, each within a time: an engine that does not answer fails a test, and does not hold up the run.</summary>
internal static class ContainerFaults
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    /// <summary>Starts it.</summary>
    public static Task BeginAsync(this IContainer container) => Eventually.Ends(container.StartAsync(), Deadline, $"the container of {container.Image.FullName} starts");

    /// <summary>Stops it cleanly.</summary>
    public static Task EndAsync(this IContainer container) => Eventually.Ends(container.StopAsync(), Deadline, $"the container of {container.Image.FullName} stops");

    /// <summary>Removes it.</summary>
    public static Task RemoveAsync(this IContainer container) =>
        Eventually.Ends(container.DisposeAsync().AsTask(), Deadline, $"the container of {container.Image.FullName} is removed");

    /// <summary>Runs a command in it.</summary>
    public static Task<ExecResult> RunAsync(this IContainer container, params string[] command) =>
        Eventually.Ends(container.ExecAsync(command), Deadline, $"{command[0]} ends in the container of {container.Image.FullName}");

    /// <summary>Thaws it.</summary>
    public static Task ThawAsync(this IContainer container) => Eventually.Ends(container.UnpauseAsync(), Deadline, "the container is thawed");

    /// <summary>Crashes it.</summary>
    public static Task KillAsync(this IContainer container) => Eventually.Ends(CrashAsync(container), Deadline, $"the container of {container.Image.FullName} is killed");

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

    private static async Task CrashAsync(IContainer container)
    {
        using var docker = TestcontainersSettings.OS.DockerEndpointAuthConfig!.GetDockerClientBuilder(Guid.NewGuid()).Build();
        await docker.Containers.KillContainerAsync(container.Id, new ContainerKillParameters { Signal = "SIGKILL" });
        // Of a container that is down already this only makes Testcontainers notice.
        await container.StopAsync();
    }
}
