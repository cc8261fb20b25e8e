using NUnit.Framework;
using Shouldly;

namespace InMemoryKafka.Tests;

public class CommandLineTests
{
    [Test]
    public void Topics_and_the_option_may_stand_in_any_order()
    {
        CommandLine.TryParse(["email.send", "--end-with-stdin", "email.send.dlt"], out var command, out _).ShouldBeTrue();
        var run = command.ShouldBeOfType<CommandLine.Run>();
        run.Topics.ShouldBe(["email.send", "email.send.dlt"]);
        run.EndsWithStdin.ShouldBeTrue();
    }

    [Test]
    public void Everything_wrong_is_said_at_once()
    {
        CommandLine.TryParse(["--port", "a b", ".."], out _, out var errors).ShouldBeFalse();
        errors.Count.ShouldBe(3);
        errors[0].ShouldContain("--port");
        errors[1].ShouldContain("'a b'");
    }

    [TestCase("127.0.0.1:9092")]
    [TestCase("127.0.0.1:9092", "topic", "key", "more")]
    public void Produce_takes_an_address_a_topic_and_perhaps_a_key(params string[] arguments)
    {
        CommandLine.TryParse(["produce", .. arguments], out _, out var errors).ShouldBeFalse();
        errors.ShouldHaveSingleItem().ShouldContain($"got {arguments.Length} arguments");
    }

    [Test]
    public void A_key_is_optional()
    {
        CommandLine.TryParse(["produce", "127.0.0.1:9092", "topic"], out var command, out _).ShouldBeTrue();
        command.ShouldBe(new CommandLine.Produce("127.0.0.1:9092", "topic", null));
    }
}
