using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Producer.Api.Tests.Health;

public class HealthTests
{
    [Test]
    public async Task With_everything_there_the_service_is_ready()
    {
        await using var api = await ApiHost.StartAsync(("Api:LookupTimeout", "00:00:30"));

        var report = await (await api.GetAsync("/health/ready")).JsonAsync();
        report.GetProperty("status").GetString().ShouldBe("ready");
        report.GetProperty("dependencies").EnumerateArray().Select(dependency => dependency.GetProperty("name").GetString()).ShouldBe(["cluster", "postgres"], ignoreOrder: true);
    }

    [Test]
    public async Task Without_Postgres_the_service_is_degraded_and_says_why()
    {
        await using var api = await ApiHost.StartAsync(("Database:ConnectionString", ApiHost.NoPostgres));

        var response = await api.GetAsync("/health/ready");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var report = await response.JsonAsync();
        report.GetProperty("status").GetString().ShouldBe("degraded");
        report.GetProperty("dependencies").EnumerateArray().Single(dependency => dependency.GetProperty("name").GetString() == "postgres")
            .GetProperty("reason").GetString()!.ShouldContain("Postgres is not available");
    }

    [Test]
    public async Task With_a_red_dependency_the_service_is_unready_and_alive()
    {
        await using var api = ApiHost.Build([("Database:ConnectionString", ApiHost.NoPostgres)], services =>
            services.AddHealthChecks().AddCheck("kafka", () => HealthCheckResult.Unhealthy("Kafka is out of reach")));
        await api.StartServerAsync();

        var response = await api.GetAsync("/health/ready");
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        var report = await response.JsonAsync();
        report.GetProperty("status").GetString().ShouldBe("unready");
        report.GetProperty("dependencies").EnumerateArray().Single(d => d.GetProperty("name").GetString() == "kafka")
            .GetProperty("reason").GetString().ShouldBe("Kafka is out of reach");
        (await api.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
