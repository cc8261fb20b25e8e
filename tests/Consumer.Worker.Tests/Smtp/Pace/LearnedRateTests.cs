using Consumer.Worker.Smtp.Pace;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp.Pace;

/// <summary>The learned rate before simulated servers, in simulated time.</summary>
internal sealed class LearnedRateTests
{
    private const double Latency = 0.01;

    [Test]
    public void Who_says_nothing_is_used_in_full()
    {
        var rate = new LearnedRate();
        for (var i = 0; i < 10_000; i++)
            rate.OnAccepted(i / 5000.0, limited: true);
        rate.Rate.ShouldBeNull();
    }

    [TestCase(14)]
    [TestCase(60)]
    [TestCase(200)]
    [TestCase(2000)]
    public void A_server_that_counts_in_any_second_is_used_at_four_fifths_or_more(int limit)
    {
        var (accepted, refused) = Run(new SlidingWindow(limit), seconds: 60);
        accepted.ShouldBeGreaterThan((int)(0.8 * limit * 60));
        refused.ShouldBeLessThan(accepted / 10 + (2 * limit));
    }

    [TestCase(14, 14)]
    [TestCase(14, 1000)]
    [TestCase(200, 200)]
    public void A_server_with_a_bucket_is_used_at_four_fifths_or_more(int limit, int bucket)
    {
        var (accepted, refused) = Run(new Bucket(limit, bucket), seconds: 120);
        accepted.ShouldBeGreaterThan((int)(0.8 * limit * 120));
        refused.ShouldBeLessThan((accepted / 10) + 4000);
    }

    [Test]
    public void A_limit_that_was_raised_is_found()
    {
        var server = new SlidingWindow(14);
        var rate = new LearnedRate();
        Run(server, 30, rate);
        rate.Rate!.Value.ShouldBeInRange(9, 18);
        server.Limit = 500;
        Run(server, 60, rate, from: 30);
        rate.Rate.Value.ShouldBeGreaterThan(300);
    }

    [Test]
    public void Where_nothing_is_accepted_it_is_asked_less_and_less_often_down_to_once_a_minute_and_found_again()
    {
        var server = new SlidingWindow(20);
        var rate = new LearnedRate();
        Run(server, 10, rate);
        server.Limit = 0;
        var (_, refused) = Run(server, 600, rate, from: 10);
        refused.ShouldBeLessThan(80);
        rate.Rate.ShouldBe(LearnedRate.Floor);

        server.Limit = 20;
        var (accepted, _) = Run(server, 180, rate, from: 610);
        accepted.ShouldBeGreaterThan(20 * 60);
    }

    [Test]
    public void A_rate_that_holds_nothing_back_does_not_grow_and_is_forgotten_after_a_while()
    {
        var rate = new LearnedRate();
        rate.OnAccepted(0, limited: false);
        rate.OnThrottled(0, 0).ShouldBeTrue();
        for (var now = 1.0; now < LearnedRate.ForgetAfter; now++)
            rate.OnAccepted(now, limited: false);
        rate.Rate.ShouldBe(1);
        rate.OnAccepted(LearnedRate.ForgetAfter + 1, limited: false);
        rate.Rate.ShouldBeNull();
    }

    [Test]
    public void Mails_that_were_begun_before_the_last_change_do_not_lower_it_again()
    {
        var rate = new LearnedRate();
        for (var i = 0; i < 100; i++)
            rate.OnAccepted(0, limited: false);
        rate.OnThrottled(0.1, begunAt: 0).ShouldBeTrue();
        rate.OnThrottled(5, begunAt: 0.05).ShouldBeFalse();
        rate.Rate.ShouldBe(100);
    }

    [Test]
    public void Workers_before_one_server_come_to_have_equal_parts()
    {
        var (large, small) = (Learned(160), Learned(40));
        for (var look = 0; look < 10; look++)
        {
            var (first, second) = (large.Rate!.Value, small.Rate!.Value);
            large.Level(Others((Second, second)));
            small.Level(Others((First, first)));
            (large.Rate.Value + small.Rate.Value).ShouldBe(200, 0.001, "together they have what they had");
        }

        large.Rate!.Value.ShouldBe(100, 1);
    }

    [Test]
    public void What_one_leaves_the_others_have_at_once()
    {
        var rate = Learned(100);
        rate.Level(Others((First, 100), (Second, 100)));
        rate.Level(Others((Second, 100)));
        rate.Rate.ShouldBe(150);
        rate.Level([]);
        rate.Rate.ShouldBe(250);
        rate.Level([]).ShouldBeFalse("it is left once");
    }

    [Test]
    public void Who_was_taught_nothing_learns_nothing_from_others()
    {
        var rate = new LearnedRate();
        rate.Level(Others((First, 100))).ShouldBeFalse();
        rate.Rate.ShouldBeNull();
    }

    private static readonly Guid First = new(1, 0, 0, new byte[8]);
    private static readonly Guid Second = new(2, 0, 0, new byte[8]);

    private static Dictionary<Guid, double> Others(params (Guid Id, double Rate)[] others) => others.ToDictionary(other => other.Id, other => other.Rate);

    private static LearnedRate Learned(int mails)
    {
        var rate = new LearnedRate();
        for (var mail = 0; mail < mails; mail++)
            rate.OnAccepted(0, limited: true);
        rate.OnThrottled(0, 0).ShouldBeTrue();
        return rate;
    }

    private static (int Accepted, int Refused) Run(Server server, double seconds, LearnedRate? learned = null, double from = 0)
    {
        learned ??= new LearnedRate();
        var (accepted, refused) = (0, 0);
        var cells = learned.Rate is { } known ? new CellRate(known, 1, from) : null;
        Queue<(double BegunAt, double At, bool IsTaken)> underWay = new();
        for (var now = from; now < from + seconds; now += 0.0005)
        {
            while (underWay.TryPeek(out var mail) && mail.At <= now)
            {
                underWay.Dequeue();
                var before = learned.Rate;
                if (mail.IsTaken)
                {
                    accepted++;
                    learned.OnAccepted(now, limited: true);
                }
                else
                {
                    refused++;
                    learned.OnThrottled(now, mail.BegunAt);
                }

                if (learned.Rate is not { } rate || rate == before)
                    continue;
                if (cells is null)
                {
                    cells = new CellRate(rate, 1, now);
                    cells.Owe(learned.PresentSince(now), learned.Present(now));
                }
                else
                {
                    cells.Change(rate, now);
                }
            }

            // Twenty connections, as long as nothing else holds them back.
            while (underWay.Count < 20 && (cells?.Wait(now) ?? 0) <= 0)
            {
                cells?.Take(now);
                underWay.Enqueue((now, now + Latency, server.Takes(now)));
            }
        }

        return (accepted, refused);
    }

    private abstract class Server(double limit)
    {
        public double Limit { get; set; } = limit;

        public abstract bool Takes(double now);
    }

    private sealed class SlidingWindow(double limit) : Server(limit)
    {
        private readonly Queue<double> _taken = new();

        public override bool Takes(double now)
        {
            while (_taken.TryPeek(out var first) && now - first >= 1)
                _taken.Dequeue();
            if (_taken.Count >= Limit)
                return false;
            _taken.Enqueue(now);
            return true;
        }
    }

    private sealed class Bucket(double limit, double size) : Server(limit)
    {
        private readonly double _size = size;
        private double _tokens = size;
        private double _at;

        public override bool Takes(double now)
        {
            _tokens = Math.Min(_size, _tokens + ((now - _at) * Limit));
            _at = now;
            if (_tokens < 1)
                return false;
            _tokens--;
            return true;
        }
    }
}
