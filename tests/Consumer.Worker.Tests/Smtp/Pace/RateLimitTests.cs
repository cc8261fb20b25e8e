using Consumer.Worker.Smtp.Pace;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp.Pace;

internal sealed class RateLimitTests
{
    [Test]
    public void A_rate_is_a_number_and_a_unit()
    {
        RateLimit.TryRead("14/s, 50000/d").ShouldBe([new RateLimit(14, TimeSpan.FromSeconds(1)), new RateLimit(50_000, TimeSpan.FromDays(1))]);
        RateLimit.TryRead("600/m,1/h")!.Select(limit => $"{limit} {limit.IsQuota}").ShouldBe(["600/m False", "1/h True"]);
        RateLimit.TryRead(null).ShouldBeEmpty();
    }

    [TestCase("14")]
    [TestCase("0/s")]
    [TestCase("-1/s")]
    [TestCase("1.5/s")]
    [TestCase("14/w")]
    [TestCase("14/s,15/s")]
    [TestCase("14/s;2/m")]
    public void Anything_else_is_none(string text) => RateLimit.TryRead(text).ShouldBeNull();
}
