using Consumer.Worker.Smtp.Pace;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp.Pace;

/// <summary>The window before a server that counts in any second, in simulated time.</summary>
internal sealed class SlidingWindowTests
{
    private const double Step = 0.001;

    [TestCase(14, 0.001, 0.03)]
    [TestCase(100, 0.001, 0.09)]
    [TestCase(200, 0.02, 0.09)]
    public void However_long_each_reply_takes_a_server_that_counts_in_any_second_is_never_above_it(int limit, double shortest, double longest)
    {
        var accepted = Run(limit, seconds: 30, shortest, longest);
        accepted.Zip(accepted.Skip(limit)).ShouldAllBe(pair => pair.Second - pair.First >= 1);
        accepted.Count.ShouldBeGreaterThan((int)(0.9 * limit * 30));
    }

    [Test]
    public void Replies_that_take_seconds_do_not_take_the_rate_with_them()
    {
        Run(14, seconds: 60, shortest: 2, longest: 5).Count.ShouldBeGreaterThan((int)(0.85 * 14 * 50));
    }

    [Test]
    public void A_part_that_shrinks_counts_what_was_sent_before()
    {
        var window = new SlidingWindow(1);
        window.Change(10);
        for (var mail = 0; mail < 10; mail++)
            Take(window, now: mail * 0.05);
        window.Change(5);
        window.Wait(0.5).ShouldBe(0.25 + 1 - 0.5, 1e-9, "the fifth from the end was at 0.25 s");
        window.Change(20);
        window.Wait(0.5).ShouldBe(0);
    }

    [Test]
    public void A_part_whose_rest_is_large_is_left_to_even_spacing()
    {
        var window = new SlidingWindow(1);
        window.Change(14 / 9.0);
        for (var mail = 0; mail < 10; mail++)
            Take(window, now: 0);
        window.Wait(0).ShouldBe(0);
    }

    [Test]
    public void A_very_high_rate_is_counted_in_a_shorter_window()
    {
        var window = new SlidingWindow(60);
        window.Change(600_000);
        for (var mail = 0; mail < 10_000; mail++)
            Take(window, now: 0);
        window.Wait(0).ShouldBe(1, 1e-9);
    }

    private static void Take(SlidingWindow window, double now)
    {
        window.Wait(now).ShouldBe(0);
        var mail = new PacedMail(now);
        window.Take(mail);
        mail.End(now);
    }

    /// <summary>Sends as fast as the window lets; the server counts each mail at some time before its reply.</summary>
    private static List<double> Run(int limit, double seconds, double shortest, double longest)
    {
        var random = new Random(limit);
        var window = new SlidingWindow(1);
        window.Change(limit);
        var underWay = new PriorityQueue<PacedMail, double>();
        var accepted = new List<double>();
        for (var now = 0.0; now < seconds; now += Step)
        {
            while (underWay.TryPeek(out var mail, out var at) && at <= now)
            {
                underWay.Dequeue();
                mail.End(now);
            }

            while (window.Wait(now) <= 0)
            {
                var mail = new PacedMail(now);
                window.Take(mail);
                var reply = now + shortest + (random.NextDouble() * (longest - shortest));
                underWay.Enqueue(mail, reply);
                accepted.Add(now + (random.NextDouble() * (reply - now)));
            }
        }

        accepted.Sort();
        return accepted;
    }
}
