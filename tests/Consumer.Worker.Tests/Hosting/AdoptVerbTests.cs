using Consumer.Worker.Hosting;
using Npgsql;
using NUnit.Framework;
using Persistence.Clusters;
using Shouldly;
using Testing;

namespace Consumer.Worker.Tests.Hosting;

internal sealed class AdoptVerbTests
{
    [Test]
    public async Task A_copy_of_a_database_belongs_to_the_cluster_at_hand_once_somebody_says_so()
    {
        var kafka = await KafkaFixture.StartAsync();
        kafka.Require(KafkaCapability.TopicAdministration);
        var database = await (await PostgresFixture.StartAsync()).CreateDatabaseAsync("adopt");
        await Databases.MigrateAsync(database);
        await using var source = NpgsqlDataSource.Create(database);
        var store = new ClusterStore(source);
        await store.RememberAsync("production", "a test");

        await using var output = new StringWriter();
        (await AdoptVerb.RunAsync([$"--Kafka:BootstrapServers={kafka.BootstrapServers}", $"--Database:ConnectionString={database}"], output)).ShouldBe(0);

        var here = await store.FindAsync();
        here.ShouldNotBe("production");
        output.ToString().ShouldContain($"belonged to the Kafka cluster production and belongs to {here} now");
    }
}
