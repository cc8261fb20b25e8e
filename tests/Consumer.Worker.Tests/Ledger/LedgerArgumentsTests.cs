using Consumer.Worker.Ledger;
using NUnit.Framework;
using ServiceDefaults.Kafka;
using Shouldly;

namespace Consumer.Worker.Tests.Ledger;

internal sealed class LedgerArgumentsTests
{
    private const string NoPostgres = "--Database:ConnectionString=Host=127.0.0.1;Port=1;Database=none;Username=none";

    [Test]
    public void All_of_them_are_read_and_settings_are_passed_on()
    {
        var read = LedgerArguments.Read(["--json", "--repair", "--since=2026-05-04T12:00:00Z", "--grace=1.5", "--limit=7", "--Kafka:BootstrapServers=a:1"]);
        (read.Json, read.Repair, read.Grace, read.Limit).ShouldBe((true, true, TimeSpan.FromSeconds(1.5), 7));
        read.Since.ShouldBe(new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero));
        read.Configuration.ShouldBe(["--Kafka:BootstrapServers=a:1"]);
    }

    [TestCase("--jsn")]
    [TestCase("repair")]
    [TestCase("--grace=soon")]
    [TestCase("--grace=-1")]
    [TestCase("--limit=")]
    [TestCase("--since=yesterday")]
    public async Task What_is_not_known_ends_with_the_usage_and_code_2(string argument)
    {
        var talk = new StringWriter();
        (await LedgerVerb.RunAsync([argument], MailTopics.Default, TextWriter.Null, talk)).ShouldBe(LedgerVerb.WrongUsage);
        talk.ToString().ShouldContain("usage: Consumer.Worker ledger");
    }

    [Test]
    public async Task Without_Postgres_nothing_is_known_which_is_code_1_and_no_finding()
    {
        var (output, talk) = (new StringWriter(), new StringWriter());
        (await LedgerVerb.RunAsync([NoPostgres], MailTopics.Default, output, talk)).ShouldBe(LedgerVerb.Unread);
        talk.ToString().ShouldContain("Postgres could not be read");
        output.ToString().ShouldBeEmpty();
    }
}
