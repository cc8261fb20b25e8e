using DotNet.Testcontainers.Configurations;

namespace Testing;

/// <summary>
/// What the test assemblies of one run have in common. <c>./dev test</c> names the run in <c>MESSAGING_TEST_RUN</c>;
/// the containers of a named run are shared by its processes, and <c>./dev test</c> removes them. Without a name each process is a run.
/// </summary>
public static class TestRun
{
    /// <summary>The label that every container of a run carries; its value is the run's id.</summary>
    public const string Label = "messaging.test-run";

    private static readonly string? Name = Environment.GetEnvironmentVariable("MESSAGING_TEST_RUN") is { Length: > 0 } name ? name : null;
    private static readonly Lock Sync = new();
    private static readonly Stack<Func<Task>> Releases = new();

    /// <summary>The run's id.</summary>
    public static string Id { get; } = Name ?? $"process-{Environment.ProcessId}";

    /// <summary>Whether several processes share this run's containers, so that none of them may remove one.</summary>
    public static bool IsShared => Name is not null;

    /// <summary>Where the run keeps its files. Not in the checkout: an unprivileged Postgres must be able to reach it.</summary>
    public static string Directory { get; } = Path.Combine(Path.GetTempPath(), $"messaging-test-{Id}");

    /// <summary>Where that stays which a failed test leaves: beside its results, which <c>./dev test</c> names in <c>MESSAGING_TEST_RESULTS</c>.</summary>
    public static string Results { get; } =
        Environment.GetEnvironmentVariable("MESSAGING_TEST_RESULTS") is { Length: > 0 } results ? results : Path.GetTempPath();

    /// <summary>Why no container can be used, or null where a Docker engine answers.</summary>
    public static string? WhyNoDocker { get; } =
        Environment.GetEnvironmentVariable("MESSAGING_TEST_DOCKER") == "no" ? "this run was asked to do without Docker"
        : TestcontainersSettings.OS.DockerEndpointAuthConfig is null ? "no Docker engine answers"
        : null;

    /// <summary>Registers what must be done after this process's last test, the latest first.</summary>
    public static void WhenOver(Func<Task> release)
    {
        lock (Sync)
            Releases.Push(release);
    }

    /// <summary>Does what was registered; every release is tried, and their failures are reported together.</summary>
    public static async Task EndAsync()
    {
        var failures = new List<Exception>();
        while (Next() is { } release)
        {
            try
            {
                await release();
            }
            // One server that does not stop must not keep the others running.
            catch (Exception exception)
            {
                failures.Add(exception);
            }
        }

        if (!IsShared && System.IO.Directory.Exists(Directory))
            System.IO.Directory.Delete(Directory, recursive: true);
        if (failures.Count > 0)
            throw new AggregateException("Some servers of the test run could not be stopped", failures);
    }

    /// <summary>Lets one process of a shared run at a time look for a container and start it where there is none.</summary>
    internal static async Task<T> OneAtATimeAsync<T>(string what, Func<Task<T>> action)
    {
        System.IO.Directory.CreateDirectory(Directory);
        var path = Path.Combine(Directory, $"{what}.lock");
        await using var held = await Eventually.Value(
            () => new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None),
            _ => true,
            TimeSpan.FromMinutes(3),
            $"the lock {path}, which another test process holds while it starts {what}");
        return await action();
    }

    private static Func<Task>? Next()
    {
        lock (Sync)
            return Releases.TryPop(out var release) ? release : null;
    }
}
