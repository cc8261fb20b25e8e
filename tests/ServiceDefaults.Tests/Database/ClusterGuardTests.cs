using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using Persistence.Clusters;
using Persistence.Schema;
using ServiceDefaults.Database;
using Shouldly;
using Testing;

namespace ServiceDefaults.Tests.Database;

public sealed class ClusterGuardTests
{
    private IHost _host = null!;

    private ClusterStore Store => _host.Services.GetRequiredService<ClusterStore>();

    [SetUp]
    public async Task MigrateAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["Database:ConnectionString"] = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync();
        builder.Services.AddDatabase();
        _host = builder.Build();
        await _host.Services.GetRequiredService<Migrator>().MigrateAsync(Eventually.DefaultDeadline);
    }

    [TearDown]
    public void Close() => _host.Dispose();

    [Test]
    public async Task The_first_cluster_that_a_database_meets_is_its_own()
    {
        (await On("production").MaySendAsync()).ShouldBeTrue();
        (await On("production").MaySendAsync()).ShouldBeTrue();
        (await Store.FindAsync()).ShouldBe("production");
    }

    [Test]
    public async Task A_copy_on_another_cluster_sends_nothing_and_says_so_until_it_is_adopted()
    {
        await On("production").MaySendAsync();
        var staging = On("staging");
        (await staging.MaySendAsync()).ShouldBeFalse();
        staging.Problem.ShouldNotBeNull().ShouldSatisfyAllConditions(
            problem => problem.ShouldContain("production"), problem => problem.ShouldContain("staging"), problem => problem.ShouldContain("Consumer.Worker adopt"));

        await Store.AdoptAsync("staging", "ann");
        (await staging.MaySendAsync()).ShouldBeTrue();
        staging.Problem.ShouldBeNull();
        (await On("production").MaySendAsync()).ShouldBeFalse();
    }

    [Test]
    public async Task While_Kafka_does_not_say_which_cluster_it_is_nothing_is_sent_and_health_says_so_once_that_lasts()
    {
        var (known, timeProvider) = (false, new FakeTimeProvider());
        var guard = new ClusterGuard(
            Store, (_, _) => known ? Task.FromResult<string?>("production") : throw new KafkaException(ErrorCode.Local_TimedOut), timeProvider, NullLogger<ClusterGuard>.Instance);
        (await guard.LookAsync()).ShouldBe(ClusterRelation.Unknown);
        guard.Problem.ShouldBeNull();

        timeProvider.Advance(TimeSpan.FromSeconds(30));
        (await guard.LookAsync()).ShouldBe(ClusterRelation.Unknown);
        guard.Problem.ShouldNotBeNull().ShouldContain("scheduled mails, replays and repairs wait");

        known = true;
        (await guard.LookAsync()).ShouldBe(ClusterRelation.Own);
        guard.Problem.ShouldBeNull();
    }

    [Test]
    public async Task A_cluster_without_a_lasting_id_is_any_databases_own()
    {
        (await On(null).MaySendAsync()).ShouldBeTrue();
        (await Store.FindAsync()).ShouldBeNull();
    }

    private ClusterGuard On(string? cluster) => new(Store, (_, _) => Task.FromResult(cluster), TimeProvider.System, NullLogger<ClusterGuard>.Instance);
}
