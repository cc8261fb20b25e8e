using Consumer.Worker.Smtp.Pace;
using NUnit.Framework;
using Shouldly;

namespace Consumer.Worker.Tests.Smtp.Pace;

internal sealed class LearnedConnectionsTests
{
    [Test]
    public void A_refused_connection_leaves_those_that_were_not()
    {
        var connections = new LearnedConnections(20);
        connections.OnRefused(10, 0).ShouldBeTrue();
        connections.Allowed.ShouldBe(10);
        connections.IsLimited.ShouldBeTrue();
    }

    [Test]
    public void Mails_refused_as_too_many_at_once_lower_it_step_by_step_and_never_below_one()
    {
        var connections = new LearnedConnections(20);
        var now = 0.0;
        List<int> seen = [];
        for (; connections.Allowed > 3; now++)
        {
            connections.OnTooMany(connections.Allowed, now, now).ShouldBeTrue();
            connections.OnTooMany(20, now, now - 1).ShouldBeFalse("it was begun before the change");
            seen.Add(connections.Allowed);
        }

        seen.ShouldBe([15, 11, 8, 6, 4, 3]);
        for (var i = 0; i < 5; i++)
            connections.OnTooMany(connections.Allowed, ++now, now);
        connections.Allowed.ShouldBe(1);
    }

    [Test]
    public void One_more_is_tried_after_a_while_and_less_often_where_that_is_refused()
    {
        var connections = new LearnedConnections(20);
        connections.OnRefused(10, 0);
        connections.OnAcceptedAtLimit(9).ShouldBeFalse();
        connections.OnAcceptedAtLimit(10).ShouldBeTrue();
        connections.Allowed.ShouldBe(11);
        connections.OnRefused(10, 11).ShouldBeTrue();
        connections.OnAcceptedAtLimit(22).ShouldBeFalse();
        connections.OnAcceptedAtLimit(31).ShouldBeTrue();
    }

    [Test]
    public void A_server_that_allows_more_gets_all_that_the_options_say()
    {
        var connections = new LearnedConnections(5);
        connections.OnRefused(2, 0);
        for (var now = 0; now < 60; now++)
            connections.OnAcceptedAtLimit(now);
        connections.Allowed.ShouldBe(5);
        connections.IsLimited.ShouldBeFalse();
    }
}
