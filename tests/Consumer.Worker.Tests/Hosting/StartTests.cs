using Consumer.Worker.Hosting;
using NUnit.Framework;
using ServiceDefaults.Kafka;
using ServiceDefaults.Start;
using Shouldly;

namespace Consumer.Worker.Tests.Hosting;

internal sealed class StartTests
{
    [Test]
    public void Wrong_options_of_all_sections_are_reported_in_one_start()
    {
        var exception = Should.Throw<AggregateException>(() => WorkerHost.Build(
            ["--Smtp:Port=abc", "--Retry:RedeliveryIntervals=1x", "--Worker:Lease=00:00:01", "--Alerts:CausesPerDigest=0", "--Schedule:SweepIntreval=1s", "--Kafka:BootstrapServers=nowhere"],
            MailTopics.Default));

        var reasons = StartChecks.Explain(exception).ShouldNotBeNull();
        foreach (var key in new[] { "Smtp:Port", "Retry:RedeliveryIntervals", "Worker:Lease", "Alerts:CausesPerDigest", "Schedule:SweepIntreval", "Kafka:BootstrapServers", "Database:ConnectionString" })
            reasons.ShouldContain(reason => reason.StartsWith(key, StringComparison.Ordinal));
    }
}
