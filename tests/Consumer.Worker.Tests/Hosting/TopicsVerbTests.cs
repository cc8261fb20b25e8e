using Consumer.Worker.Hosting;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Hosting;

public class TopicsVerbTests
{
    [Test]
    public async Task It_prints_the_topics_of_the_settings_one_a_line()
    {
        await using var output = new StringWriter();

        await TopicsVerb.RunAsync(["--Retry:RedeliveryIntervals=1s,4s,4s"], output);

        output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).ShouldBe(
            ["email.send", "email.send.bulk", "email.send.delay.1s", "email.send.delay.4s", "email.send.dlt"]);
    }

    [Test]
    public async Task They_have_the_prefix_of_the_installation()
    {
        await using var output = new StringWriter();

        await TopicsVerb.RunAsync(["--Kafka:TopicPrefix=shop.", "--Retry:RedeliveryIntervals=1s"], output);

        output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).ShouldBe(["shop.email.send", "shop.email.send.bulk", "shop.email.send.delay.1s", "shop.email.send.dlt"]);
    }
}
