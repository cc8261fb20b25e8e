using Consumer.Worker.Smtp.Pace;
using Contracts;
using FsCheck.Fluent;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp.Pace;

internal sealed class TurnQueueTests
{
    private TurnQueue<string> _queue = null!;

    [SetUp]
    public void SetUp() => _queue = new TurnQueue<string>();

    [Test]
    public void Transactional_mails_go_first_and_bulk_gets_a_tenth()
    {
        for (var i = 0; i < 30; i++)
        {
            Bulk($"b{i}");
            Transactional($"t{i}");
        }

        var taken = Take(40);
        taken.Take(30).Count(item => item[0] == 'b').ShouldBe(3);
        taken[..9].ShouldAllBe(item => item[0] == 't');
        taken[9].ShouldBe("b0");
        taken[33..].ShouldAllBe(item => item[0] == 'b');
        _queue.Count.ShouldBe(20);
    }

    [Test]
    public void Where_one_stream_waits_it_has_all_turns()
    {
        for (var i = 0; i < 25; i++)
            Bulk($"b{i}");
        Take(20).ShouldBe(Enumerable.Range(0, 20).Select(number => $"b{number}"));
        Transactional("t0");
        Take(2).ShouldBe(["t0", "b20"]);
    }

    [Test]
    public void Senders_of_a_stream_take_turns_and_of_each_the_order_stays()
    {
        for (var i = 0; i < 3; i++)
            Transactional($"many{i}", "many@example.com");
        Transactional("one", "one@example.com");
        Transactional("few0", "few@example.com");
        Transactional("few1", "few@example.com");
        Take(6).ShouldBe(["many0", "one", "few0", "many1", "few1", "many2"]);
    }

    [Test]
    public void Whoever_leaves_is_passed_over_and_one_that_was_taken_cannot_leave()
    {
        var first = Transactional("first", "a@example.com");
        var second = Transactional("second", "b@example.com");
        first.Leave().ShouldBeTrue();
        first.Leave().ShouldBeFalse();
        Take(1).ShouldBe(["second"]);
        second.Leave().ShouldBeFalse();
        _queue.Count.ShouldBe(0);
        _queue.TryTake(out _).ShouldBeFalse();
    }

    /// <summary>Whoever waits is taken once, unless they left; bulk is never passed over ten times.</summary>
    [FsCheck.NUnit.Property(MaxTest = 200)]
    public FsCheck.Property Nobody_is_lost_and_bulk_never_waits_for_more_than_nine() =>
        Prop.ForAll(Gen.Choose(-100, 100).ArrayOf(200).ToArbitrary(), steps =>
        {
            var queue = new TurnQueue<(bool Bulk, int Number)>();
            var waiting = new Dictionary<int, TurnQueue<(bool, int)>.Place>();
            var inARow = 0;
            var bulkWaits = 0;
            for (var i = 0; i < steps.Length; i++)
            {
                if (steps[i] > 0)
                {
                    var bulk = steps[i] % 3 == 0;
                    bulkWaits += bulk ? 1 : 0;
                    waiting.Add(i, queue.Add(new Party(bulk ? MailStream.Bulk : MailStream.Transactional, $"{steps[i] % 5}"), (bulk, i)));
                }
                else if (queue.TryTake(out var item))
                {
                    inARow = item.Bulk || bulkWaits == 0 ? 0 : inARow + 1;
                    bulkWaits -= item.Bulk ? 1 : 0;
                    if (!waiting.Remove(item.Number) || inARow > 9)
                        return false;
                }
                else if (waiting.Count > 0)
                {
                    return false;
                }
            }

            return queue.Count == waiting.Count;
        });

    private TurnQueue<string>.Place Transactional(string item, string? sender = null) => _queue.Add(new Party(MailStream.Transactional, sender), item);

    private void Bulk(string item) => _queue.Add(new Party(MailStream.Bulk, null), item);

    private List<string> Take(int count) => [.. Enumerable.Range(0, count).Select(_ => _queue.TryTake(out var item) ? item : "")];
}
