using Messaging.Kafka.Delay;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Delay;

public class DelayTiersTests
{
    private static readonly DelayTiers Tiers = new("orders", ".delay.", [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(8), TimeSpan.FromMinutes(2)]);

    [TestCase(100, "1s")]
    [TestCase(1_000, "1s")]
    [TestCase(7_999, "1s")]
    [TestCase(8_000, "8s")]
    [TestCase(119_999, "8s")]
    [TestCase(864_000_000, "2m")]
    public void The_longest_tier_that_is_not_too_long_is_chosen(int milliseconds, string tier) =>
        Tiers.Choose(TimeSpan.FromMilliseconds(milliseconds)).Topic.ShouldBe("orders.delay." + tier);

    [Test]
    public void Less_than_the_shortest_tier_goes_back_to_the_topic() => Tiers.ChooseNext(TimeSpan.FromMilliseconds(999)).ShouldBeNull();

    /// <summary>Every hop takes the longest tier that fits, so any delay ends in less than the shortest tier, and never past its time.</summary>
    [FsCheck.NUnit.Property(MaxTest = 1000)]
    public bool Any_delay_is_made_of_hops_that_never_overshoot(int seed)
    {
        var remaining = TimeSpan.FromMilliseconds(Math.Abs((long)seed) % 864_000_000);
        while (Tiers.ChooseNext(remaining) is { } tier)
            remaining -= tier.Delay;
        return remaining >= TimeSpan.Zero && remaining < TimeSpan.FromSeconds(1);
    }

    [TestCase(500, "500ms")]
    [TestCase(1_000, "1s")]
    [TestCase(90_000, "90s")]
    [TestCase(120_000, "2m")]
    [TestCase(21_600_000, "6h")]
    [TestCase(86_400_000, "1d")]
    public void Tiers_have_short_names(int milliseconds, string name) => DelayTopicName.Of(TimeSpan.FromMilliseconds(milliseconds)).ShouldBe(name);
}
