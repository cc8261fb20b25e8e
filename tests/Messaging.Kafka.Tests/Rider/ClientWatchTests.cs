using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using Shouldly;

namespace Messaging.Kafka.Tests.Rider;

public class ClientWatchTests
{
    private static readonly TimeSpan ReviveAfter = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();

    [Test]
    public void A_client_that_fails_while_Kafka_answers_is_revived_and_then_replaced()
    {
        var watch = new ClientWatch(ReviveAfter, _time);
        Fails(watch, seconds: 29).ShouldBe(ClientRemedy.None);
        Fails(watch, seconds: 1).ShouldBe(ClientRemedy.AddBrokers);
        Fails(watch, seconds: 29).ShouldBe(ClientRemedy.None);
        Fails(watch, seconds: 1).ShouldBe(ClientRemedy.Replace);
        Fails(watch, seconds: 0).ShouldBe(ClientRemedy.None, "its successor begins anew");
    }

    [Test]
    public void Brokers_are_added_once_as_each_time_costs_memory()
    {
        var watch = new ClientWatch(ReviveAfter, _time);
        Enumerable.Range(0, 60).Count(_ => Fails(watch, seconds: 1) == ClientRemedy.AddBrokers).ShouldBe(1);
    }

    [Test]
    public void A_client_that_works_in_between_is_not_suspected()
    {
        var watch = new ClientWatch(ReviveAfter, _time);
        for (var i = 0; i < 10; i++)
        {
            Fails(watch, seconds: 29).ShouldBe(ClientRemedy.None);
            watch.Works();
        }
    }

    [Test]
    public void While_Kafka_does_not_answer_the_client_is_not_to_blame()
    {
        var watch = new ClientWatch(ReviveAfter, _time);
        Fails(watch, seconds: 29).ShouldBe(ClientRemedy.None);
        _time.Advance(TimeSpan.FromMinutes(5));
        watch.Fails(kafkaAnswers: false).ShouldBe(ClientRemedy.None);
        Fails(watch, seconds: 29).ShouldBe(ClientRemedy.None, "the time counts from when Kafka answered again");
        Fails(watch, seconds: 1).ShouldBe(ClientRemedy.AddBrokers);
    }

    /// <summary>It fails now, and after so many seconds; what the second says.</summary>
    private ClientRemedy Fails(ClientWatch watch, int seconds)
    {
        watch.Fails(kafkaAnswers: true);
        _time.Advance(TimeSpan.FromSeconds(seconds));
        return seconds == 0 ? ClientRemedy.None : watch.Fails(kafkaAnswers: true);
    }
}
