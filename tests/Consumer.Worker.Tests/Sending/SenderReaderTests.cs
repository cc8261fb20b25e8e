using System.Text;
using System.Text.Json;
using Consumer.Worker.Sending;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Sending;

internal sealed class SenderReaderTests
{
    [TestCase("""{"from":"Shop <Shop@Example.com>","to":"b@example.com"}""", "shop@example.com")]
    [TestCase("""{"headers":{"from":"x@example.com"},"to":["from"],"from":"ann@example.com"}""", "ann@example.com")]
    [TestCase("""{"to":"b@example.com"}""", null)]
    [TestCase("""{"from":1}""", null)]
    [TestCase("""["from"]""", null)]
    public void The_sender_is_found_wherever_it_is(string value, string? sender) =>
        SenderReader.Read(Encoding.UTF8.GetBytes(value)).ShouldBe(sender);

    [Test]
    public void What_is_not_JSON_is_said_to_be_so() =>
        Should.Throw<JsonException>(() => SenderReader.Read("no mail"u8.ToArray()));
}
