using Consumer.Worker.Alerts;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Alerts;

internal sealed class AlertDigestTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private AlertDigest _digest = null!;

    [SetUp]
    public void SetUp() => _digest = new AlertDigest(Minute, causesPerPost: 2);

    [Test]
    public void Nothing_is_due_where_nothing_happened() => _digest.Due.ShouldBeNull();

    [Test]
    public void The_first_after_a_quiet_time_is_due_at_once()
    {
        _digest.Add(Alert("a"), Start);
        _digest.Due.ShouldBe(Start);
    }

    [Test]
    public void The_next_waits_until_the_interval_is_over()
    {
        _digest.Add(Alert("a"), Start);
        _digest.Take(Start);
        _digest.Add(Alert("a"), Start.AddSeconds(1));

        _digest.Due.ShouldBe(Start + Minute);
    }

    [Test]
    public void After_the_interval_the_next_is_due_at_once_again()
    {
        _digest.Add(Alert("a"), Start);
        _digest.Take(Start);
        _digest.Add(Alert("a"), Start.AddHours(1));

        _digest.Due.ShouldBe(Start.AddHours(1));
    }

    [Test]
    public void A_flood_is_one_post_that_counts_by_cause()
    {
        for (var i = 0; i < 10_000; i++)
            _digest.Add(Alert(i % 10 == 0 ? "rare" : i % 1000 == 1 ? "odd" : "common"), Start);

        var post = _digest.Take(Start);
        post.Total.ShouldBe(10_000);
        post.Causes.Select(cause => (cause.Cause, cause.Count)).ShouldBe([("common", 8990), ("rare", 1000)]);
        _digest.Due.ShouldBeNull();
    }

    [Test]
    public void Ever_new_causes_are_counted_and_do_not_fill_the_memory()
    {
        for (var i = 0; i < 5000; i++)
            _digest.Add(Alert($"cause {i}"), Start);

        _digest.Take(Start).Total.ShouldBe(5000);
    }

    [Test]
    public void A_post_says_how_many_why_and_which()
    {
        _digest.Add(Alert("PermanentMailException: 550 <no such user> & more"), Start);
        var text = SlackText.Of(_digest.Take(Start));

        text.ShouldContain("*1 mail went to the dead-letter topic*");
        text.ShouldContain("550 &lt;no such user&gt; &amp; more");
        text.ShouldContain(Guid.Empty.ToString());
    }

    [Test]
    public void A_post_counts_the_causes_it_does_not_name()
    {
        foreach (var cause in new[] { "a", "b", "c", "d" })
            _digest.Add(Alert(cause), Start);

        SlackText.Of(_digest.Take(Start)).ShouldContain("2 more of other causes");
    }

    private static Alert Alert(string cause) => new(Guid.NewGuid(), Guid.Empty, cause, cause);
}
