using Consumer.Worker.Smtp.Pace;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp.Pace;

internal sealed class CellRateTests
{
    [Test]
    public void Mails_are_evenly_spaced()
    {
        var times = Run(new CellRate(10, 1, 0), seconds: 10);
        times.Count.ShouldBeInRange(98, 100);
        times.Zip(times.Skip(1), (first, second) => second - first).ShouldAllBe(pause => pause > 0.09 && pause < 0.11);
    }

    [Test]
    public void A_late_timer_costs_nothing_of_the_rate() => Run(new CellRate(200, 1, 0), seconds: 10, lateness: 0.004).Count.ShouldBeGreaterThan(1980);

    [Test]
    public void After_a_pause_a_burst_may_go_and_not_at_the_start()
    {
        var cells = new CellRate(10, 5, 0);
        cells.Wait(0).ShouldBe(0.1, 0.03);
        Take(cells, 100).ShouldBe(5);
        Take(cells, 100.1).ShouldBe(1);
    }

    [Test]
    public void What_went_before_the_limit_is_made_up_for()
    {
        var cells = new CellRate(60, 1, 0.02);
        cells.Owe(since: 0, mails: 60);
        cells.Wait(0.02).ShouldBe(0.98, 0.03);
    }

    [Test]
    public void A_rate_of_nothing_lets_nothing_pass_until_it_changes()
    {
        var cells = new CellRate(0, 1, 0);
        cells.Wait(1000).ShouldBe(double.PositiveInfinity);
        cells.Change(2, 1000);
        cells.Wait(1000).ShouldBe(0.5, 0.03);
    }

    [Test]
    public void A_higher_rate_holds_at_once()
    {
        var cells = new CellRate(0.01, 1, 0);
        cells.Wait(0).ShouldBeGreaterThan(90);
        cells.Change(10, 1);
        cells.Wait(1).ShouldBeLessThan(0.2);
    }

    [Test]
    public void No_window_ever_holds_more_than_the_rate_and_the_burst([Range(1, 60)] int seed)
    {
        var random = new Random(seed);
        var (rate, burst) = (random.Next(1, 300), random.Next(1, 20));
        var cells = new CellRate(rate, burst, 0);
        List<double> times = [];
        for (var now = 0.0; now < 10; now += random.NextDouble() * random.Next(1, 4) / rate)
        {
            for (; cells.Wait(now) <= 0; cells.Take(now))
                times.Add(now);
        }

        var most = rate + burst + (CellRate.Lateness * rate) + 1;
        times.ShouldAllBe(start => times.Count(time => time >= start && time < start + 1) <= most);
    }

    private static int Take(CellRate cells, double now)
    {
        var taken = 0;
        for (; cells.Wait(now) <= 0; taken++)
            cells.Take(now);
        return taken;
    }

    private static List<double> Run(CellRate cells, double seconds, double lateness = 0)
    {
        List<double> times = [];
        for (var now = 0.0; now < seconds;)
        {
            if (cells.Wait(now) is > 0 and var wait)
            {
                now += wait + lateness;
                continue;
            }

            cells.Take(now);
            times.Add(now);
        }

        return times;
    }
}
