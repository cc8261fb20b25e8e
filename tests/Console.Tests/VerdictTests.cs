using Persistence.Holds;
using Persistence.Workers;
using Producer.Api.Console.Status;
using Producer.Api.Holds;
using Producer.Api.Stats;

namespace Console.Tests;

/// <summary>The sentence at the top of the overview.</summary>
public sealed class VerdictTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 31, 3, 0, 0, TimeSpan.Zero);

    [Test]
    public void All_is_well_where_nothing_is_open_and_nothing_waits() =>
        Verdict.Of(State(open: 0)).ShouldBe(("All is well: mails are sent, and no failure is open.", "good"));

    [Test]
    public void That_nothing_is_sent_comes_before_everything_else() =>
        Verdict.Of(State(open: 4_812) with { Pause = new Pause("The relay refuses logins.", Now.AddMinutes(-9)), OldestUnsent = Now.AddMinutes(-9) })
            .ShouldBe(("Nothing is sent since 2030-01-31 02:51 UTC: the relay refuses logins. The oldest unsent mail has waited 9 min 0 s.", "bad"));

    [Test]
    public void Open_failures_are_counted()
    {
        Verdict.Of(State(open: 1)).Text.ShouldBe("Mails are sent; 1 failure waits for a decision.");
        Verdict.Of(State(open: 4_812)).ShouldBe(("Mails are sent; 4,812 failures wait for a decision.", "warn"));
    }

    [Test]
    public void A_long_wait_is_told_and_a_short_one_is_not()
    {
        Verdict.Of(State(open: 0) with { OldestUnsent = Now.AddMinutes(-4) }).Tone.ShouldBe("good");
        Verdict.Of(State(open: 0) with { OldestUnsent = Now.AddHours(-3) }).ShouldBe(("Mails are sent, slowly. The oldest unsent mail has waited 3 h 0 min.", "warn"));
    }

    [Test]
    public void What_is_not_known_is_not_called_well()
    {
        Verdict.Of(State(open: null)).Tone.ShouldBe("warn");
        Verdict.Of(State(open: 0) with { Missing = "Postgres: away" }).Tone.ShouldBe("warn");
        Verdict.Of(new SystemState(State(open: 0).Stats with { Unread = null })).Text.ShouldBe("Not all is known: a part of the system did not respond.");
    }

    [Test]
    public void A_hold_on_all_is_why_nothing_is_sent_and_others_are_counted()
    {
        var all = new HoldReport(Guid.Empty, Active: true, HoldScope.All, HoldMode.Wait, "a loop", Now.AddMinutes(-9), "ann", 0);
        Verdict.Of(State(open: 3) with { Holds = [all] }).ShouldBe(("Nothing is sent since 2030-01-31 02:51 UTC: ann holds all mails.", "warn"));
        Verdict.Of(State(open: 3) with { Holds = [all with { Mode = HoldMode.Cancel }] }).Text.ShouldEndWith("ann has all mails canceled.");
        Verdict.Of(State(open: 0) with { Holds = [all with { Scope = HoldScope.Tag, Value = "spring" }] }).ShouldBe(("Mails are sent. 1 hold is in force.", "warn"));
        Verdict.Of(State(open: 0) with { Holds = [all], Pause = new Pause("The relay refuses logins.", Now) }).Text.ShouldContain("refuses logins");
    }

    private static SystemState State(long? open) => new(new StatsReport(Now, Complete: true)
    {
        Failures = open is { } count ? new Dictionary<string, long> { ["unresolved"] = count } : null,
        Unread = new LagReport("group", 0, []),
    });
}
