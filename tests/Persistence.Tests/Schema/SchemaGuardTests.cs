using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using NUnit.Framework;
using Persistence.Schema;
using Shouldly;
using Testing;

namespace Persistence.Tests.Schema;

public sealed class SchemaGuardTests
{
    [Test]
    public async Task A_service_starts_on_its_own_schema([Values] WhenUnreachable unreachable)
    {
        await using var store = await Store.OpenMigratedAsync();
        using var host = Host(store.DataSource.ConnectionString, unreachable);
        await host.StartAsync();
        await host.StopAsync();
    }

    [Test]
    public async Task A_service_that_meets_another_schema_does_not_start_and_says_what_to_do([Values] WhenUnreachable unreachable)
    {
        await using var store = await Store.OpenAsync();
        using var host = Host(store.DataSource.ConnectionString, unreachable);
        (await Should.ThrowAsync<SchemaMismatchException>(() => host.StartAsync())).Message.ShouldContain("Consumer.Worker migrate");
    }

    [Test]
    public async Task A_service_that_goes_on_without_the_database_stops_when_it_finds_another_schema()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        await server.StopAsync();
        using var host = Host(server.ConnectionString, WhenUnreachable.GoOn);
        await host.StartAsync();
        var cancellationToken = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        cancellationToken.IsCancellationRequested.ShouldBeFalse();
        await server.StartAsync();
        await Eventually.Until(() => cancellationToken.IsCancellationRequested, null, "the service stops");
        await host.StopAsync();
    }

    [Test]
    public async Task A_service_that_waits_for_the_database_starts_with_it()
    {
        await using var server = await PostgresServer.StartOwnAsync();
        await using (var store = Store.At(server.ConnectionString))
            await store.Migrator.MigrateAsync(TimeSpan.FromSeconds(10));
        await server.StopAsync();
        using var host = Host(server.ConnectionString, WhenUnreachable.Wait);
        var started = host.StartAsync();
        started.IsCompleted.ShouldBeFalse();
        await server.StartAsync();
        await started.WaitAsync(Eventually.DefaultDeadline);
        await host.StopAsync();
    }

    [Test]
    public void Every_bad_setting_is_named_at_the_start_with_its_fix()
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["Database:MaxPoolSize"] = "0";
        builder.Configuration["Database:CommandTimeout"] = "00:00:00";
        builder.Services.AddPersistence(builder.Configuration);
        using var host = builder.Build();
        var exception = Should.Throw<OptionsValidationException>(() => host.Start());
        exception.Failures.Count().ShouldBe(3);
        exception.Message.ShouldContain("Database:ConnectionString is empty");
        exception.Message.ShouldContain("Database:MaxPoolSize is 0; allowed is 1 to 1000");
        exception.Message.ShouldContain("Database:CommandTimeout is 00:00:00");
    }

    [TestCase("Host=x;Nonsense=1;Password=secret")]
    [TestCase("Database=x;Password=secret")]
    public void A_connection_string_that_cannot_be_used_is_refused_without_being_shown(string connectionString)
    {
        var result = new DatabaseOptionsValidator().Validate(null, new DatabaseOptions { ConnectionString = connectionString });
        result.Failed.ShouldBeTrue();
        result.FailureMessage.ShouldNotContain("secret");
    }

    private static IHost Host(string connectionString, WhenUnreachable unreachable)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["Database:ConnectionString"] = connectionString + ";Password=postgres";
        builder.Services.AddPersistence(builder.Configuration);
        builder.Services.AddSchemaGuard(unreachable);
        return builder.Build();
    }
}
