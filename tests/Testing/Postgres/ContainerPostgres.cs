using Testcontainers.PostgreSql;

namespace Testing;

/// <summary>A Postgres server in a container.</summary>
internal sealed class ContainerPostgres : PostgresServer
{
    /// <summary>The image of every Postgres container of the tests; the same as in docker-compose.yml.</summary>
    public const string Image = "postgres:17";

    private const int InnerPort = 5432;

    private readonly PostgreSqlContainer _container;

    private ContainerPostgres(int port, PostgreSqlContainer container)
        : base(port) => _container = container;

    /// <summary>One that nobody else uses, with a port that it keeps when it is started again.</summary>
    public static ContainerPostgres Own()
    {
        var port = Ports.Free();
        return new ContainerPostgres(port, Builder().WithPortBinding(port, InnerPort).Build());
    }

    /// <summary>The one of the run; returns its connection string.</summary>
    public static async Task<string> StartSharedAsync()
    {
        var container = Builder().WithPortBinding(InnerPort, assignRandomHostPort: true).WithSharing("postgres").Build();
        await container.BeginAsync();
        container.ReleaseUnlessShared();
        return container.GetConnectionString();
    }

    // The image's stop signal is SIGINT, Postgres' fast shutdown.
    public override Task StopAsync() => _container.EndAsync();

    public override Task KillAsync() => _container.KillAsync();

    public override Task FreezeAsync() => _container.FreezeAsync();

    public override Task ThawAsync() => _container.ThawAsync();

    public override async ValueTask DisposeAsync() => await _container.RemoveAsync();

    private protected override async Task RunToolAsync(string tool, params string[] arguments)
    {
        var result = await _container.RunAsync([tool, "-U", "postgres", .. arguments]);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"{tool} ended with {result.ExitCode}: {result.Stderr}");
    }

    private protected override Task LaunchAsync() => _container.BeginAsync();

    private static PostgreSqlBuilder Builder() =>
        new PostgreSqlBuilder(Image).WithLabel(TestRun.Label, TestRun.Id).WithCommand(Settings);
}
