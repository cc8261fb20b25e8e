using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NUnit.Framework;
using Persistence.Schema;
using ServiceDefaults.Database;
using Shouldly;
using Testing;

namespace ServiceDefaults.Tests.Database;

public sealed class SchemaGuardTests
{
    [Test]
    public async Task A_service_starts_on_its_own_schema()
    {
        using var host = Host(await CreateDatabaseAsync());
        await host.Services.GetRequiredService<Migrator>().MigrateAsync(Eventually.DefaultDeadline);
        await host.StartAsync();
        await host.StopAsync();
    }

    [Test]
    public async Task A_service_that_meets_another_schema_does_not_start_and_says_what_to_do()
    {
        using var host = Host(await CreateDatabaseAsync());
        (await Should.ThrowAsync<SchemaMismatchException>(() => host.StartAsync())).Message.ShouldContain("Consumer.Worker migrate");
    }

    [Test]
    public async Task A_service_that_goes_on_without_the_database_stops_when_it_finds_another_schema()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        await server.StopAsync();
        using var host = Host(server.ConnectionString);
        await host.StartAsync();
        var stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        stopping.IsCancellationRequested.ShouldBeFalse();
        await server.StartAsync();
        await Eventually.Until(() => stopping.IsCancellationRequested, null, "the service stops");
        await host.StopAsync();
    }

    private static async Task<string> CreateDatabaseAsync() => await (await PostgresFixture.StartAsync()).CreateDatabaseAsync();

    private static IHost Host(string connectionString)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["Database:ConnectionString"] = connectionString;
        builder.Services.AddDatabase().AddSchemaGuard();
        return builder.Build();
    }
}
