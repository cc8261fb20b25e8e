using Consumer.Worker.Hosting;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Hosting;

internal sealed class StartTests
{
    [Test]
    public void Wrong_options_of_all_sections_are_told_in_one_start()
    {
        var explanation = Start("--Smtp:Port=99999", "--Retry:RedeliveryIntervals=1x", "--Worker:Lease=00:00:01", "--Alerts:QueueLimit=0", "--Kafka:BootstrapServers=nowhere");

        foreach (var key in new[] { "Smtp:Port", "Retry:RedeliveryIntervals", "Worker:Lease", "Alerts:QueueLimit", "Kafka:BootstrapServers", "Database:ConnectionString" })
            explanation.ShouldContain(key);
    }

    [Test]
    public void A_value_that_cannot_be_read_is_named() => Start("--Smtp:Port=abc").ShouldContain("'abc' at 'Smtp:Port'");

    [Test]
    public void A_key_that_nobody_knows_is_named() => Start("--Smtp:Prot=25").ShouldContain("'Prot'");

    private static string Start(params string[] args)
    {
        var exception = Should.Throw<Exception>(() => WorkerHost.Build(args, MailTopics.Default));
        return StartChecks.Explain(exception).ShouldNotBeNull(exception.ToString());
    }
}
